/** `stop`: ends the daemon of the hosts file, and waits until its process is gone. */
import { orAbort } from '../base/abort.ts';
import { systemClock } from '../base/clock.ts';
import { AnywhereError, EXIT, type ExitCode } from '../base/errors.ts';
import { hasEnded, runningDaemons } from '../daemon/start.ts';
import type { CliContext } from './context.ts';
import { withRunning } from './session.ts';

export interface StopOptions {
  /** Calls under way are not waited for. */
  readonly now: boolean;
}

/** From the end of the last connection: servers of this machine that ignore the end of their input are killed meanwhile. */
const END_MS = 30_000;

export async function runStop(context: CliContext, { now }: StopOptions): Promise<ExitCode> {
  const { io, out } = context;
  const running = await runningDaemons(io);
  const pid = await withRunning(context, async (client) => {
    const { daemon } = await client.request('status', {}, io.signal);
    await client.request('stop', { drain: !now }, io.signal);
    out.progress('waiting for calls under way …');
    await orAbort(client.ended, io.signal);
    return daemon?.pid;
  });
  const process = running.find((record) => record.pid === pid);
  if (process !== undefined && !(await hasEnded(process, { clock: systemClock(), withinMs: END_MS }, io.signal)))
    throw new AnywhereError(
      'NO_DAEMON',
      `The daemon serves nobody any more, but its process ${process.pid} has not ended within ${END_MS / 1000} s.`,
      { hint: `kill -9 ${process.pid}` },
    );
  out.progress('');
  if (context.globals.json) out.json({ stopped: pid ?? null });
  else out.write(`The daemon has ended (pid ${String(pid ?? 'unknown')}).\n`);
  return EXIT.ok;
}
