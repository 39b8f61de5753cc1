/** Commands that change what the running daemon does: `restart`, `enable`, `disable`, `reload`, `stop`. */

import { orAbort } from '../base/abort.ts';
import { systemClock } from '../base/clock.ts';
import { AnywhereError, EXIT, type ExitCode } from '../base/errors.ts';
import { oneLine } from '../base/harmless.ts';
import { hasEnded, runningDaemons } from '../daemon/start.ts';
import { type CliContext, parseTarget } from './context.ts';
import { exitOf, formatError } from './report.ts';
import { withRunning } from './session.ts';
import { statusExit, statusText } from './status.ts';

/** Ends servers and starts them again; connects at once to a host that is down. */
export async function runRestart(context: CliContext, target: string): Promise<ExitCode> {
  const { host, server } = parseTarget(target);
  const status = await withRunning(context, async (client) => {
    context.out.progress(`restarting ${target} …`);
    return await client.request('restart', server === undefined ? { host } : { host, server }, context.io.signal);
  });
  const servers = server === undefined ? status.servers : status.servers.filter(({ name }) => name === server);
  const shown = { schemaVersion: 1, daemon: null, clients: [], calls: [], hosts: [{ ...status, servers }] } as const;
  if (context.globals.json) context.out.json<'restart'>({ host: shown.hosts[0] });
  else context.out.write(statusText(shown, context.style));
  return statusExit(shown);
}

/** `enable` and `disable`: until the daemon ends. */
export async function runSwitch(context: CliContext, target: string, enabled: boolean): Promise<ExitCode> {
  const { host, server } = parseTarget(target);
  if (server === undefined)
    throw new AnywhereError('USAGE', `${target} is a host. Name one of its servers: ${target}/<server>.`, {
      host,
      hint: 'mcp-anywhere status',
    });
  await withRunning(context, (client) => client.request('enable', { host, server, enabled }, context.io.signal));
  if (context.globals.json) context.out.json<'switch'>({ host, server, enabled });
  else context.out.write(`${target} is ${enabled ? 'on' : 'off until you enable it, or until the daemon ends'}.\n`);
  return EXIT.ok;
}

/** Reads the hosts file now and prints what changed. The daemon also reads an edited file by itself. */
export async function runReload(context: CliContext): Promise<ExitCode> {
  const report = await withRunning(context, (client) => client.request('reload', {}, context.io.signal));
  const { changed, problem } = report;
  if (context.globals.json) context.out.json<'reload'>(report);
  else if (problem !== undefined) context.out.note(formatError(problem, context.style));
  else if (changed.length === 0)
    context.out.write('The hosts file is in force as it is now: nothing has changed since the daemon read it.\n');
  else context.out.write(changed.map((line) => `${oneLine(line)}\n`).join(''));
  return problem === undefined ? EXIT.ok : exitOf(problem);
}

export interface StopOptions {
  /** Does not wait for running calls. */
  readonly now: boolean;
}

/** From the end of the last connection: servers of this machine that ignore the end of their input are killed meanwhile. */
const END_MS = 30_000;

/** Ends the daemon of the hosts file. Resolves when its process is gone. */
export async function runStop(context: CliContext, { now }: StopOptions): Promise<ExitCode> {
  const { io, out } = context;
  const running = await runningDaemons(io);
  const pid = await withRunning(context, async (client) => {
    const { daemon } = await client.request('status', {}, io.signal);
    await client.request('stop', { drain: !now }, io.signal);
    out.progress('waiting for running calls …');
    await orAbort(client.ended, io.signal);
    return daemon?.pid;
  });
  const process = running.find((record) => record.pid === pid);
  if (process !== undefined && !(await hasEnded(process, { clock: systemClock(), withinMs: END_MS }, io.signal)))
    throw new AnywhereError(
      'NO_DAEMON',
      `The daemon has stopped serving, but its process ${process.pid} is still there after ${END_MS / 1000} s.`,
      { hint: `kill -9 ${process.pid}` },
    );
  out.progress('');
  if (context.globals.json) out.json<'stop'>({ stopped: pid ?? null });
  else out.write(`The daemon has ended (pid ${String(pid ?? 'unknown')}).\n`);
  return EXIT.ok;
}
