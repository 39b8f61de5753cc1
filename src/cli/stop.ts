/** `stop`: ends the daemon of the hosts file, and waits until it is gone. */
import { orAbort } from '../base/abort.ts';
import { EXIT, type ExitCode } from '../base/errors.ts';
import type { CliContext } from './context.ts';
import { withRunning } from './session.ts';

export interface StopOptions {
  /** Calls under way are not waited for. */
  readonly now: boolean;
}

export async function runStop(context: CliContext, { now }: StopOptions): Promise<ExitCode> {
  const pid = await withRunning(context, async (client) => {
    const { daemon } = await client.request('status', {}, context.io.signal);
    await client.request('stop', { drain: !now }, context.io.signal);
    context.out.progress('waiting for calls under way …');
    await orAbort(client.ended, context.io.signal);
    context.out.progress('');
    return daemon?.pid;
  });
  if (context.globals.json) context.out.json({ stopped: pid ?? null });
  else context.out.write(`The daemon has ended (pid ${String(pid ?? 'unknown')}).\n`);
  return EXIT.ok;
}
