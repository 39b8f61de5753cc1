/** The daemon's own log: a file that is rotated by size. Nothing is written to the streams of whoever started it. */
import type { Clock } from '../base/clock.ts';
import { createLog, type Log, type LogLevel } from '../telemetry/log.ts';
import { LogFile } from '../telemetry/log-file.ts';

export interface DaemonLog {
  readonly log: Log;
  /** Resolves when what was logged is written or lost. */
  close(): Promise<void>;
}

const MAX_FILE_BYTES = 2 * 1024 * 1024;
const MAX_PENDING = 1024 * 1024;

export function openDaemonLog(file: string, level: LogLevel, clock: Clock): DaemonLog {
  const lines = new LogFile({
    file,
    clock,
    maxFileBytes: MAX_FILE_BYTES,
    maxPending: MAX_PENDING,
    // There is nowhere to say it.
    onError: () => undefined,
  });
  return {
    log: createLog({ level, destination: { write: (text) => lines.append(text) }, clock }),
    close: () => lines.flush(),
  };
}
