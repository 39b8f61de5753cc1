/** The terminal taken over for a full screen, and given back as it was, whatever happens. */
import { writeSync } from 'node:fs';
import type { Screen } from './painter.ts';

const ENDING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

type ProcessEvent = 'exit' | 'uncaughtExceptionMonitor' | (typeof ENDING)[number];

/** What of the process has to be known: how it ends. */
export interface ProcessEnds {
  on(event: ProcessEvent, listener: () => void): unknown;
  off(event: ProcessEvent, listener: () => void): unknown;
  kill(pid: number, signal: 'SIGTSTP'): unknown;
  readonly pid: number;
}

export interface TerminalIo {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  /** Of stdout. */
  readonly fd: number;
  readonly process: ProcessEnds;
}

/** Terminals that do not say how large they are. */
const FALLBACK_COLUMNS = 80;
const FALLBACK_ROWS = 24;

/** Alternate screen, no cursor, no wrapping at the edge, pasted text marked as such. */
const ENTER = '\u001B[?1049h\u001B[?25l\u001B[?7l\u001B[?2004h';
/** The other way round; ends a frame that was cut off, and every style. */
const LEAVE = '\u001B[?2026l\u001B[0m\u001B[?2004l\u001B[?7h\u001B[?25h\u001B[?1049l';

export class Terminal implements Screen {
  readonly #io: TerminalIo;
  #isEntered = false;

  constructor(io: TerminalIo) {
    this.#io = io;
  }

  get columns(): number {
    return this.#io.stdout.columns || FALLBACK_COLUMNS;
  }

  get rows(): number {
    return this.#io.stdout.rows || FALLBACK_ROWS;
  }

  /** Nothing once the terminal was given back. */
  write(text: string): boolean {
    return this.#isEntered ? this.#io.stdout.write(text) : true;
  }

  once(event: 'drain', listener: () => void): void {
    this.#io.stdout.once(event, listener);
  }

  enter(): void {
    if (this.#isEntered) return;
    const { stdin, stdout, process } = this.#io;
    this.#isEntered = true;
    process.on('exit', this.#leaveNow);
    // Before Node prints the error: on the alternate screen nobody would ever read it.
    process.on('uncaughtExceptionMonitor', this.#leaveNow);
    for (const signal of ENDING) process.on(signal, this.#stay);
    if (stdin.isTTY) stdin.setRawMode(true);
    stdin.resume();
    stdout.write(ENTER);
  }

  leave(): void {
    if (!this.#isEntered) return;
    this.#forget();
    this.#io.stdout.write(LEAVE);
    this.#io.stdin.pause();
  }

  /** Ctrl-Z: the shell's own screen, and a process that stands still until the shell lets it go on; `enter` then. */
  suspend(): void {
    const { process } = this.#io;
    this.#leaveNow();
    process.kill(process.pid, 'SIGTSTP');
  }

  /** The process may be over before a stream has written anything. */
  readonly #leaveNow = (): void => {
    if (!this.#isEntered) return;
    this.#forget();
    try {
      writeSync(this.#io.fd, LEAVE);
    } catch {
      // The terminal itself is gone.
    }
  };

  /**
   * Who started us ends us in order when a signal comes. Ink ends the process at once where nobody else listens,
   * and a listener for the first signal only has left by then.
   */
  readonly #stay = (): void => undefined;

  #forget(): void {
    const { stdin, process } = this.#io;
    this.#isEntered = false;
    process.off('exit', this.#leaveNow);
    process.off('uncaughtExceptionMonitor', this.#leaveNow);
    for (const signal of ENDING) process.off(signal, this.#stay);
    try {
      if (stdin.isTTY) stdin.setRawMode(false);
    } catch {
      // The terminal itself is gone.
    }
  }
}
