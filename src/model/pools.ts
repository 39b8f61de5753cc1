/** Who answers a tool: of a pool's tool its members, their share of the calls and how quick they are. */
import type { ToolEntry } from '../api/control.ts';
import type { HostStatus, ServerStatus } from '../api/status.ts';
import { type Series, STEPS, together, totals } from './activity.ts';
import type { World } from './world.ts';

export interface MemberReport {
  /** `host/server` */
  readonly name: string;
  /** Undefined: the hosts file in force does not name it any more. */
  readonly host: HostStatus | undefined;
  readonly server: ServerStatus | undefined;
  /** Calls of this tool over the last minutes, as seen here. */
  readonly calls: number;
  /** In [0, 1]; undefined where there were no calls. */
  readonly share: number | undefined;
  readonly meanMs: number | undefined;
}

/** Of a pool's tool all members together. */
export function activityOf({ activity }: World, tool: ToolEntry): Series | undefined {
  return together(membersOf(tool).map((member) => activity.get(`${member}/${tool.original}`)));
}

/** Empty for a tool of one server. */
export function poolMembers(world: World, tool: ToolEntry, nowMs: number): readonly MemberReport[] {
  if (tool.pool === undefined) return [];
  const found = tool.pool.members.map((name) => {
    const [hostName, serverName] = name.split('/');
    const host = world.status?.hosts.find((each) => each.name === hostName);
    const server = host?.servers.find((each) => each.name === serverName);
    return { name, host, server, ...totals(world.activity.get(`${name}/${tool.original}`), STEPS, nowMs) };
  });
  const all = found.reduce((sum, { calls }) => sum + calls, 0);
  return found.map((member) => ({ ...member, share: all === 0 ? undefined : member.calls / all }));
}

function membersOf({ pool, host, server }: ToolEntry): readonly string[] {
  return pool?.members ?? [`${host}/${server}`];
}
