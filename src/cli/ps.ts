/** `ps`: the daemons of this user, for every hosts file, and the clients of each. */

import type { DaemonRow, LiveCall, StatusSnapshot } from '../api/status.ts';
import { deadline } from '../base/abort.ts';
import { systemClock } from '../base/clock.ts';
import { ageText } from '../base/duration.ts';
import { AnywhereError, EXIT, type ExitCode } from '../base/errors.ts';
import { oneLine } from '../base/harmless.ts';
import { ControlClient } from '../control/client.ts';
import { connectRecorded, type DaemonRecord, runningDaemons, wakeOrEnd } from '../daemon/start.ts';
import type { CliContext } from './context.ts';
import type { Style } from './style.ts';
import { table } from './style.ts';

/** A healthy daemon answers at once. */
const ANSWER_MS = 2_000;

export async function runPs(context: CliContext): Promise<ExitCode> {
  const records = await runningDaemons(context.io);
  if (records.length === 0)
    throw new AnywhereError('NO_DAEMON', 'You have no running daemon.', {
      hint: 'mcp-anywhere tools starts one, as does every AI client',
    });
  const daemons = await Promise.all(records.map((record) => describe(context, record)));
  daemons.sort((a, b) => a.sinceMs - b.sinceMs);
  if (context.globals.json) context.out.json<'ps'>({ daemons });
  else context.out.write(psText(daemons, context.style, Date.now()));
  return EXIT.ok;
}

async function describe(context: CliContext, record: DaemonRecord): Promise<DaemonRow> {
  const { pid, version, file: hostsFile, sinceMs, log } = record;
  const late = (): AnywhereError => new AnywhereError('NO_DAEMON', 'The daemon does not answer.');
  const limit = deadline(systemClock(), ANSWER_MS, late, context.io.signal);
  const status = await askStatus(context, record, limit.signal).catch(() => undefined);
  limit.clear();
  context.io.signal.throwIfAborted();
  const row = { pid, version, hostsFile, sinceMs, log };
  if (status === undefined) return { ...row, clients: null, calls: [], hint: await wakeOrEnd(pid) };
  return { ...row, clients: status.clients, calls: status.calls };
}

async function askStatus({ io }: CliContext, record: DaemonRecord, signal: AbortSignal): Promise<StatusSnapshot> {
  const connection = await connectRecorded(record, io.cwd, signal);
  // A daemon that does not answer must not keep this process alive.
  connection.unref();
  const client = new ControlClient(connection);
  try {
    return await client.request('status', {}, signal);
  } finally {
    await client.close();
  }
}

export function psText(daemons: readonly DaemonRow[], style: Style, nowMs: number): string {
  return daemons
    .map((daemon) => {
      const head = `${style.bold(`pid ${daemon.pid}`)}  ${oneLine(daemon.version)}  up ${ageText(nowMs - daemon.sinceMs)}  ${oneLine(daemon.hostsFile)}\n`;
      return head + clientsText(daemon, style, nowMs);
    })
    .join('');
}

function clientsText({ clients, calls, hint = '' }: DaemonRow, style: Style, nowMs: number): string {
  if (clients === null) return `  ${style.bad('✖')} does not answer: ${hint}\n`;
  if (clients.length === 0) return `  ${style.dim('no clients')}\n`;
  const rows = clients.map(({ id, name, version, sinceMs }) => [
    ` ${id}`,
    oneLine(`${name} ${version}`),
    `for ${ageText(nowMs - sinceMs)}`,
    calls
      .filter(({ client }) => client === id)
      .map((call) => callText(call, nowMs))
      .join(', '),
  ]);
  return table(rows);
}

function callText({ tool, host, server, startedMs, progress, total }: LiveCall, nowMs: number): string {
  const done = progress === undefined ? '' : ` ${progress}${total === undefined ? '' : `/${total}`}`;
  return oneLine(`${host}/${server} ${tool}${done} (${ageText(nowMs - startedMs)})`);
}
