/** One look at the files of AI clients, over a connection that is there. */
import type { AnywhereError } from '../base/errors.ts';
import { type Look, type LookRequest, lookAt } from '../discovery/look.ts';
import type { Launch } from '../launch/contract.ts';
import type { Link } from '../link/contract.ts';

/** Reads the files of AI clients on a host, over the host's own connection. @param inherited variables, for this machine */
export async function lookThrough(
  link: Link,
  request: LookRequest,
  inherited: Launch['inherited'],
  signal: AbortSignal,
): Promise<Look> {
  let failure = (): AnywhereError | undefined => undefined;
  const open = async (script: string, within: AbortSignal): ReturnType<Link['open']> => {
    const launch = { command: '/bin/sh', args: ['-c', script], env: new Map<string, string>(), cwd: undefined };
    const channel = await link.open({ ...launch, ...(inherited === undefined ? {} : { inherited }) }, within);
    channel.errors.resume();
    channel.input.on('error', () => undefined);
    // A start file that read the launcher's line would otherwise wait for the launcher's next line.
    channel.input.write('\n');
    failure = () => channel.failure;
    return channel;
  };
  try {
    return await lookAt(open, request, signal);
  } catch (error) {
    throw failure() ?? error;
  }
}
