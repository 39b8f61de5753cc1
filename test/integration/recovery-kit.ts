/** A gateway in this process, over real machines behind proxies that fail on demand. */
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { GatewayEvent } from '../../src/api/events.ts';
import type { HostPlan, ServerPlan } from '../../src/config/plan.ts';
import type { Gateway } from '../../src/gateway/gateway.ts';
import { type Proxy, startProxy } from '../harness/proxy.ts';
import { scratch } from '../harness/scratch.ts';
import type { Sshd } from '../harness/sshd.ts';
import { serverPlan } from '../unit/catalog/kit.ts';
import { openGateway, type RigOptions, StreamClient } from '../unit/gateway/kit.ts';
import { sshHost } from './launch-support.ts';

/** A fixture as it runs on the machine. */
export function remote(
  sshd: Sshd,
  name: string,
  script: string,
  more: Partial<ServerPlan> & { readonly argv?: readonly string[]; readonly host?: string } = {},
): ServerPlan {
  const { argv = [], host = 'box', ...rest } = more;
  return serverPlan(host, name, {
    command: script.endsWith('.sh') ? '/bin/sh' : process.execPath,
    args: [join(sshd.servers, script), ...argv].map((text) => ({ pieces: [text] })),
    ...rest,
  });
}

/** The machine as a host of the hosts file. */
export function hostOf(sshd: Sshd, servers: readonly ServerPlan[], port = sshd.port): HostPlan {
  return { ...sshHost(sshd, scratch(), { port }), name: servers[0]?.host ?? 'box', servers };
}

export async function proxyTo(sshd: Sshd): Promise<Proxy> {
  const proxy = await startProxy({ to: sshd.port });
  onTestFinished(() => proxy.stop());
  return proxy;
}

export interface Rig {
  readonly gateway: Gateway;
  readonly client: StreamClient;
  /** Everything that happened so far; nobody listens, so calls go the shortest way. */
  readonly events: () => readonly GatewayEvent[];
}

/** A client that sees these tools. */
export async function rig(
  hosts: readonly HostPlan[],
  tools: readonly string[],
  options: RigOptions & { readonly capabilities?: object } = {},
): Promise<Rig> {
  const { capabilities = {}, plan, ...rest } = options;
  const servers = hosts.flatMap((host) => host.servers);
  const gateway = openGateway(servers, {
    plan: { hosts, reconnect: { initialMs: 100, maxMs: 1_000, attempts: Number.POSITIVE_INFINITY }, ...plan },
    ...rest,
  });
  const client = new StreamClient(gateway);
  await client.initialize(capabilities);
  await client.offers(...tools);
  return { gateway, client, events: () => gateway.bus.since(0).events.map(({ event }) => event) };
}
