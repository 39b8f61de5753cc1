/** Resolves a server's references at the moment it is launched; the values go to the launcher and nowhere else. */

import { environmentForServers } from '../config/environment.ts';
import type { Environment } from '../config/paths.ts';
import type { ServerPlan, Template } from '../config/plan.ts';
import type { Secrets } from '../config/secrets.ts';
import type { Launch } from '../launch/launch.ts';
import type { InstanceOwner } from '../upstream/instance.ts';

/**
 * @param learn told every resolved value that came from a reference, so that logs can be kept free of it
 * @param isLocal whether a host is this machine
 * @param variablesOf the environment of whom the server works for
 */
export function launchResolver(
  secrets: Secrets,
  learn: (value: string) => void,
  variablesOf: (owner: InstanceOwner) => Environment,
  isLocal: (host: string) => boolean,
): (server: ServerPlan, signal: AbortSignal, owner: InstanceOwner) => Promise<Launch> {
  return async (server, signal, owner) => {
    const variables = variablesOf(owner);
    const resolve = async (template: Template): Promise<string> => {
      const place = { host: server.host, server: server.name };
      const value = await secrets.resolve(template, place, signal, { variables, onValue: learn });
      if (template.pieces.some((piece) => typeof piece !== 'string')) learn(value);
      return value;
    };
    const args = await Promise.all(server.args.map(resolve));
    const env = await Promise.all(
      [...server.env].map(async ([name, template]) => [name, await resolve(template)] as const),
    );
    const launch = { command: server.command, args, env: new Map(env), cwd: server.cwd };
    return isLocal(server.host) ? { ...launch, inherited: new Map(inheritedBy(server, variables, learn)) } : launch;
  };
}

/** What a program on this machine gets of the client's environment. */
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
