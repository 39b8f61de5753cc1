/** `restart <host|host/server>`: ends servers and starts them anew; a host that is down is tried at once. */
import type { ExitCode } from '../base/errors.ts';
import type { CliContext } from './context.ts';
import { withRunning } from './session.ts';
import { statusExit, statusText } from './status.ts';
import { parseTarget } from './target.ts';

export async function runRestart(context: CliContext, target: string): Promise<ExitCode> {
  const { host, server } = parseTarget(target);
  const status = await withRunning(context, async (client) => {
    context.out.progress(`restarting ${target} …`);
    const after = await client.request(
      'restart',
      server === undefined ? { host } : { host, server },
      context.io.signal,
    );
    context.out.progress('');
    return after;
  });
  const servers = server === undefined ? status.servers : status.servers.filter(({ name }) => name === server);
  const shown = { schemaVersion: 1, daemon: null, clients: [], calls: [], hosts: [{ ...status, servers }] } as const;
  if (context.globals.json) context.out.json({ host: shown.hosts[0] });
  else context.out.write(statusText(shown, context.style));
  return statusExit(shown);
}
