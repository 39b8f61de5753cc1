/** The last lines of the logs, of some streams only where a face wants that. */

import type { ControlMethods, LogEntry } from '../api/control.ts';
import type { Gateway } from '../gateway/gateway.ts';

/** Lines of other streams stand between: so many are looked through. */
const LOOK_THROUGH = 20_000;

export async function lastEntries(
  { logs }: Pick<Gateway, 'logs'>,
  { host, server, lines, streams }: ControlMethods['logs']['params'],
): Promise<readonly LogEntry[]> {
  if (streams === undefined) return await logs.tail({ host, server, lines });
  const entries = await logs.tail({ host, server, lines: Math.max(lines, LOOK_THROUGH) });
  return lines === 0 ? [] : entries.filter(({ stream }) => streams.includes(stream)).slice(-lines);
}
