/** Resolves a server's references at the moment it is launched; the values go to the launcher and nowhere else. */

import type { Environment } from '../config/paths.ts';
import type { ServerPlan, Template } from '../config/plan.ts';
import type { Secrets } from '../config/secrets.ts';
import type { Launch } from '../launch/launch.ts';
import type { InstanceOwner } from '../upstream/instance.ts';

/**
 * @param learn told every resolved value that came from a reference, so that logs can be kept free of it
 * @param variablesOf where `${env:}` is looked up for whom the server works; undefined: in the user's environment
 */
export function launchResolver(
  secrets: Secrets,
  learn: (value: string) => void,
  variablesOf: (owner: InstanceOwner) => Environment | undefined,
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
    return { command: server.command, args, env: new Map(env), cwd: server.cwd };
  };
}
