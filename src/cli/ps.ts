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
import { table, widthOf } from './style.ts';

type Client = NonNullable<DaemonRow['clients']>[number];

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
  else context.out.write(psText(daemons, context.style, Date.now(), widthOf(context.io)));
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

/** @param width of the screen; a path that does not fit stands in a line of its own, whole */
export function psText(
  daemons: readonly DaemonRow[],
  style: Style,
  nowMs: number,
  width = Number.POSITIVE_INFINITY,
): string {
  return daemons
    .map((daemon) => {
      const pid = `pid ${daemon.pid}`;
      const facts = `  ${oneLine(daemon.version)}  up ${ageText(nowMs - daemon.sinceMs)}`;
      const file = oneLine(daemon.hostsFile);
      const isFitting = pid.length + facts.length + 2 + file.length <= width;
      const head = `${style.bold(pid)}${facts}${isFitting ? '' : '\n'}  ${file}\n`;
      return head + clientsText(daemon, style, nowMs, width);
    })
    .join('');
}

function clientsText({ clients, calls, hint = '' }: DaemonRow, style: Style, nowMs: number, width: number): string {
  if (clients === null) return `  ${style.bad('✖')} does not answer: ${hint}\n`;
  if (clients.length === 0) return `  ${style.dim('no clients')}\n`;
  const rows = clients.map(({ id, name, version, sinceMs, shell }) => [
    ` ${id}`,
    oneLine(`${name} ${version}`),
    `for ${ageText(nowMs - sinceMs)}`,
    [
      ...shellText(shell, nowMs),
      ...calls.filter(({ client }) => client === id).map((call) => callText(call, nowMs)),
    ].join(', '),
  ]);
  return table(rows, width);
}

/** A kept session is no AI client, and goes by itself. */
function shellText(shell: Client['shell'], nowMs: number): readonly string[] {
  if (shell === undefined) return [];
  const { endsMs } = shell;
  return [endsMs === undefined ? 'a shell' : `kept for a shell, ends in ${ageText(endsMs - nowMs)}`];
}

function callText({ tool, host, server, startedMs, progress, total }: LiveCall, nowMs: number): string {
  const done = progress === undefined ? '' : ` ${progress}${total === undefined ? '' : `/${total}`}`;
  return oneLine(`${host}/${server} ${tool}${done} (${ageText(nowMs - startedMs)})`);
}
