/**
 * The output of servers and hosts on disk: one file per server, and one per host for its ssh.
 *
 * Subscribes to nothing itself. Failures of the disk never reach the caller.
 */

import type { LogEntry } from '../api/control.ts';
import type { CancelTimer, Clock } from '../base/clock.ts';
import { beginning } from '../base/harmless.ts';
import { LineBudget, type LineRate } from './line-rate.ts';
import type { Log } from './log.ts';
import { LogFile, type LogPlace, logFile } from './log-file.ts';
import { readLogs, type TailQuery } from './log-reader.ts';
import type { Redact } from './redact.ts';

export interface LogLimits {
  /** A file is rotated at this size; two are kept. */
  readonly maxFileBytes: number;
  /** A longer line is cut, in UTF-16 units. */
  readonly maxLineLength: number;
  readonly rate: LineRate;
}

export const LOG_LIMITS: LogLimits = {
  maxFileBytes: 5 * 1024 * 1024,
  maxLineLength: 8 * 1024,
  rate: { burst: 2000, perSecond: 500 },
};

export interface ServerLogsOptions {
  /** 0700, ours. */
  readonly folder: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly redact?: Redact;
  readonly limits?: Partial<LogLimits>;
}

/** How long dropped lines are counted before a line says how many there were. */
const DROPPED_AFTER_MS = 1000;
const MAX_PENDING = 1024 * 1024;
/** Redaction looks at this multiple of a cut line, so that no secret is cut in half at its end. */
const REDACTED_LENGTHS = 4;

interface OpenLog {
  readonly place: LogPlace;
  readonly file: LogFile;
  readonly budget: LineBudget;
  dropped: number;
  reportDropped: CancelTimer | undefined;
  failing: boolean;
}

export class ServerLogs {
  readonly #options: ServerLogsOptions;
  #limits: LogLimits;
  /** By host or `host/server`. */
  readonly #open = new Map<string, OpenLog>();

  constructor(options: ServerLogsOptions) {
    this.#options = options;
    this.#limits = { ...LOG_LIMITS, ...options.limits };
  }

  /** From now on, for logs that are open too. */
  limit(limits: Partial<LogLimits>): void {
    this.#limits = { ...LOG_LIMITS, ...limits };
  }

  /** Writes a line down, soon. Lines past the rate are dropped and counted: false. */
  append(entry: LogEntry): boolean {
    const log = this.#logOf(entry);
    const fits = log.budget.take(this.#options.clock.monotonic());
    if (fits && log.file.append(this.#lineOf(entry))) return true;
    log.dropped += 1;
    log.reportDropped ??= this.#options.clock.after(
      DROPPED_AFTER_MS,
      () => {
        this.#sayDropped(log);
      },
      { background: true },
    );
    return false;
  }

  /** The last entries of a server, of a host and all its servers, or of everything; oldest first. */
  async tail(query: TailQuery): Promise<LogEntry[]> {
    await this.flush();
    return readLogs(this.#options.folder, query);
  }

  /** Resolves when everything appended so far is on disk, or lost with it. */
  async flush(): Promise<void> {
    await Promise.all([...this.#open.values()].map((log) => log.file.flush()));
  }

  async close(): Promise<void> {
    for (const log of this.#open.values()) {
      log.reportDropped?.();
      this.#sayDropped(log);
    }
    await this.flush();
  }

  #logOf({ host, server }: LogPlace): OpenLog {
    // Names hold no slash. Lines that are dropped come here too: making the path of a file would be what they cost.
    const key = server === undefined ? host : `${host}/${server}`;
    const known = this.#open.get(key);
    if (known !== undefined) return known;
    const place = server === undefined ? { host } : { host, server };
    const limits = (): LogLimits => this.#limits;
    const log: OpenLog = {
      place,
      file: new LogFile({
        file: logFile(this.#options.folder, place),
        clock: this.#options.clock,
        get maxFileBytes() {
          return limits().maxFileBytes;
        },
        maxPending: MAX_PENDING,
        onError: (error) => {
          this.#complain(log, error);
        },
      }),
      budget: new LineBudget(() => limits().rate, this.#options.clock.monotonic()),
      dropped: 0,
      reportDropped: undefined,
      failing: false,
    };
    this.#open.set(key, log);
    return log;
  }

  #lineOf(entry: Omit<LogEntry, keyof LogPlace>): string {
    const { maxLineLength } = this.#limits;
    const considered = beginning(entry.line, maxLineLength * REDACTED_LENGTHS);
    const redacted = this.#options.redact?.(considered) ?? considered;
    const hidden = entry.line.length - considered.length + Math.max(0, redacted.length - maxLineLength);
    const line = hidden === 0 ? redacted : `${beginning(redacted, maxLineLength)}… (${hidden} more characters)`;
    return `${JSON.stringify({ atMs: entry.atMs, stream: entry.stream, line })}\n`;
  }

  #sayDropped(log: OpenLog): void {
    log.reportDropped = undefined;
    if (log.dropped === 0) return;
    const line = `${log.dropped} lines dropped: more than ${this.#limits.rate.perSecond} a second`;
    log.dropped = 0;
    log.file.append(this.#lineOf({ atMs: this.#options.clock.now(), stream: 'bridge', line }));
  }

  /** Once per file: a full disk would otherwise fill the program's own log as well. */
  #complain(log: OpenLog, error: unknown): void {
    if (log.failing) return;
    log.failing = true;
    this.#options.log.warn({ ...log.place, error }, 'a log could not be written; its lines are lost');
  }
}
