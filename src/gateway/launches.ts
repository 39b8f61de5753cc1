/** Resolves a server's references at the moment it is launched; the values go to the launcher and nowhere else. */

import type { ServerPlan, Template } from '../config/plan.ts';
import type { Secrets } from '../config/secrets.ts';
import type { Launch } from '../launch/launch.ts';

/** @param learn told every resolved value that came from a reference, so that logs can be kept free of it */
export function launchResolver(
  secrets: Secrets,
  learn: (value: string) => void,
): (server: ServerPlan, signal: AbortSignal) => Promise<Launch> {
  return async (server, signal) => {
    const resolve = async (template: Template): Promise<string> => {
      const value = await secrets.resolve(template, { host: server.host, server: server.name }, signal);
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
