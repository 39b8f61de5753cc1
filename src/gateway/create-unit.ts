/** Creates the unit of a server: the launch with its resolved references, and the receivers of the server's output. */

import type { Clock } from '../base/clock.ts';
import type { Scope } from '../base/scope.ts';
import type { Turns } from '../base/turns.ts';
import { environmentForServers } from '../config/environment.ts';
import type { Environment } from '../config/paths.ts';
import type { Plan, ServerPlan, Template } from '../config/plan.ts';
import type { Secrets } from '../config/secrets.ts';
import type { Launch } from '../launch/contract.ts';
import type { Link } from '../link/contract.ts';
import { memberOf, textAt } from '../protocol/json-scan.ts';
import type { InstanceOwner } from '../upstream/instance.ts';
import { ServerUnit } from '../upstream/unit.ts';
import type { ClientEnvironments } from './client-environments.ts';
import type { Discoveries } from './discoveries.ts';
import type { Reporter } from './reporter.ts';
import type { SharedClient } from './shared-client.ts';

export interface UnitParts {
  readonly clock: Clock;
  readonly scope: Scope;
  readonly random: () => number;
  readonly env: Environment;
  readonly environments?: ClientEnvironments | undefined;
  readonly secrets: Secrets;
  readonly reporter: Reporter;
  /** The current limits of the hosts file. */
  readonly limits: () => Plan['limits'];
  /** True for this machine itself. */
  readonly isLocal: (host: string) => boolean;
  readonly launches: Turns;
  readonly discoveries: Discoveries;
}

export function createUnit(server: ServerPlan, link: Link, shared: SharedClient, parts: UnitParts): ServerUnit {
  const { reporter, environments, env, limits } = parts;
  const learn = (value: string): void => {
    reporter.redactor.learn(value);
  };
  const unit = new ServerUnit(server, link, shared, {
    clock: parts.clock,
    scope: parts.scope,
    random: parts.random,
    launches: parts.launches,
    get maxMessageBytes() {
      return limits().maxMessageBytes;
    },
    get limits() {
      return limits();
    },
    resolveLaunch: launchResolver(parts, learn, (owner) => environments?.of(owner) ?? env),
    lend: (from, to) => {
      environments?.lend(from, to);
    },
    isServedBy: (plan, one, other) => environments?.areEqualFor(plan, one, other) ?? true,
    redact: reporter.redactor.redact,
    onLine: (stream, line) => {
      reporter.serverSaid(server, stream, line);
    },
  });
  if (server.found !== undefined)
    unit.initialized.on(({ hello }) => {
      // It would offer every tool again, without end.
      if (hello !== undefined && isOurselves(hello.raw)) parts.discoveries.refuse(server);
    });
  unit.changes.on((change) => {
    if (unit.retired === undefined) reporter.serverChanged(server, change);
  });
  return unit;
}

function isOurselves(hello: Buffer): boolean {
  const info = memberOf(hello, { start: 0, end: hello.length }, 'serverInfo');
  const name = info === undefined ? undefined : memberOf(hello, info, 'name');
  return name !== undefined && textAt(hello, name) === 'mcp-anywhere';
}

/**
 * Resolves the references of a server at its launch. The values go only to the launcher.
 * @param learn gets every value of a reference, so that logs can leave the value out
 * @param variablesOf the environment of the server's owner
 */
function launchResolver(
  { secrets, isLocal, discoveries }: Pick<UnitParts, 'secrets' | 'isLocal' | 'discoveries'>,
  learn: (value: string) => void,
  variablesOf: (owner: InstanceOwner) => Environment,
): (server: ServerPlan, signal: AbortSignal, owner: InstanceOwner) => Promise<Launch> {
  return async (server, signal, owner) => {
    const variables = variablesOf(owner);
    const resolve = async (template: Template): Promise<string> => {
      const place = { host: server.host, server: server.name };
      const value = await secrets.resolve(template, place, signal, { variables, onValue: learn });
      if (template.pieces.some((piece) => typeof piece !== 'string')) learn(value);
      return value;
    };
    const written = async (): Promise<Launch> => {
      const args = await Promise.all(server.args.map(resolve));
      const env = await Promise.all(
        [...server.env].map(async ([name, template]) => [name, await resolve(template)] as const),
      );
      return { command: server.command, args, env: new Map(env), cwd: server.cwd };
    };
    const launch = await (server.found === undefined ? written() : discoveries.startOf(server, signal));
    return isLocal(server.host) ? { ...launch, inherited: new Map(inheritedBy(server, variables, learn)) } : launch;
  };
}

/** The variables that a program on this machine inherits from the client. */
function inheritedBy(
  { inheritEnv }: ServerPlan,
  variables: Environment,
  learn: (value: string) => void,
): readonly (readonly [string, string])[] {
  const named = inheritEnv.flatMap((name) => {
    const value = Object.hasOwn(variables, name) ? variables[name] : undefined;
    return value === undefined ? [] : [[name, value] as const];
  });
  for (const [, value] of named) learn(value);
  return [...Object.entries(environmentForServers(variables)), ...named];
}
