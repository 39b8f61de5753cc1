/** `enable` and `disable <host/server>`: for as long as the daemon lives. */
import { AnywhereError, EXIT, type ExitCode } from '../base/errors.ts';
import type { CliContext } from './context.ts';
import { withRunning } from './session.ts';
import { parseTarget } from './target.ts';

export async function runSwitch(context: CliContext, target: string, enabled: boolean): Promise<ExitCode> {
  const { host, server } = parseTarget(target);
  if (server === undefined)
    throw new AnywhereError('USAGE', `${target} is a host; name one server of it.`, {
      host,
      hint: `mcp-anywhere status`,
    });
  await withRunning(context, (client) => client.request('enable', { host, server, enabled }, context.io.signal));
  if (context.globals.json) context.out.json({ host, server, enabled });
  else context.out.write(`${target} is ${enabled ? 'on' : 'off, until the daemon ends or you enable it'}.\n`);
  return EXIT.ok;
}
