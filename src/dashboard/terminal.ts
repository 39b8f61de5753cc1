/** Takes over the terminal for a full screen, and restores it however the process ends. */
import { writeSync } from 'node:fs';
import type { Screen } from './painter.ts';

const ENDING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

type ProcessEvent = 'exit' | 'uncaughtExceptionMonitor' | (typeof ENDING)[number];

/** The part of the process that tells how it ends. */
export interface ProcessEnds {
  on(event: ProcessEvent, listener: () => void): unknown;
  off(event: ProcessEvent, listener: () => void): unknown;
  kill(pid: number, signal: 'SIGTSTP'): unknown;
  readonly pid: number;
}

export interface TerminalIo {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  /** The file descriptor of stdout. */
  readonly fd: number;
  readonly process: ProcessEnds;
  /** The terminal reports presses and the wheel. A person then selects text with Shift. */
  readonly mouse?: boolean;
}

/** For terminals that do not tell their size. */
const FALLBACK_COLUMNS = 80;
const FALLBACK_ROWS = 24;

/** Alternate screen, no cursor, no wrapping at the edge, marks around pasted text. */
const ENTER = '\u001B[?1049h\u001B[?25l\u001B[?7l\u001B[?2004h';
/** Reports of the mouse buttons, in SGR form. */
const MOUSE_ON = '\u001B[?1000h\u001B[?1006h';
/** Undoes `ENTER`, and ends the mouse reports, an unfinished frame and every style. */
const LEAVE = '\u001B[?1006l\u001B[?1000l\u001B[?2026l\u001B[0m\u001B[?2004l\u001B[?7h\u001B[?25h\u001B[?1049l';

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

  /** Writes nothing after the terminal was restored. */
  write(text: string): boolean {
    return this.#isEntered ? this.#io.stdout.write(text) : true;
  }

  once(event: 'drain', listener: () => void): void {
    this.#io.stdout.once(event, listener);
  }

  enter(): void {
    if (this.#isEntered) return;
    const { stdin, stdout, process, mouse } = this.#io;
    this.#isEntered = true;
    process.on('exit', this.#leaveNow);
    // Runs before Node prints the error, which the alternate screen would hide.
    process.on('uncaughtExceptionMonitor', this.#leaveNow);
    for (const signal of ENDING) process.on(signal, this.#stay);
    if (stdin.isTTY) stdin.setRawMode(true);
    stdin.resume();
    stdout.write(mouse === true ? ENTER + MOUSE_ON : ENTER);
  }

  leave(): void {
    if (!this.#isEntered) return;
    this.#forget();
    this.#io.stdout.write(LEAVE);
    this.#io.stdin.pause();
  }

  /** Ctrl-Z: restores the terminal and stops the process. Call `enter` after the shell continues the process. */
  suspend(): void {
    const { process } = this.#io;
    this.#leaveNow();
    process.kill(process.pid, 'SIGTSTP');
  }

  /** Synchronous, because the process can end before a stream writes. */
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
   * Keeps a listener for each signal. Without any listener Ink ends the process at once, and the program's own listener
   * only hears the first signal.
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
