/** The ssh process that is the master of a connection: its start, its stderr, and the wait until it listens. */
import type { Readable } from 'node:stream';
import type { Clock } from '../base/clock.ts';
import { AnywhereError, INSTALL_OPENSSH } from '../base/errors.ts';
import { beginning } from '../base/harmless.ts';
import { isThere } from '../base/small-file.ts';
import { type GuardedProcess, startGuarded } from './guard.ts';

/** Exit code of a shell that found no such program (POSIX.1-2017, Shell Command Language, 2.8.2). */
const PROGRAM_NOT_FOUND = 127;
const EVIDENCE_LINES = 5;
/** The socket is looked for at every output on stderr, and this often. */
const LOOK_EVERY_MS = 250;

export interface MasterStart {
  readonly host: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly controlPath: string;
  readonly clock: Clock;
  /** Silence of this length ends the attempt, except while a person is asked. */
  readonly silenceMs: number;
  readonly isAsking: () => boolean;
}

export class Master {
  /** The kept lines of ssh's stderr. */
  readonly stderr: StderrLines;
  readonly #process: GuardedProcess;
  readonly #start: MasterStart;
  #onActivity: () => void = () => undefined;
  #running = true;

  constructor(start: MasterStart) {
    this.#start = start;
    this.#process = startGuarded('ssh', start.args, start.env);
    this.stderr = new StderrLines(this.#process.errors, () => {
      this.#onActivity();
    });
    const onExit = (): void => {
      this.#running = false;
    };
    this.#process.exited.then(onExit, onExit);
  }

  /** Resolves with ssh's exit code. Never rejects. */
  get exited(): Promise<number | undefined> {
    return this.#process.exited;
  }

  /**
   * Resolves with `listening` once the control socket exists, which ssh makes after the login, and with `exited` where ssh gave
   * up. Rejects with the signal's reason, HOST_TIMEOUT, or HOST_UNREACHABLE where ssh writes without end; the process is then
   * still to be killed.
   */
  async listening(signal: AbortSignal): Promise<'listening' | 'exited'> {
    const { clock, silenceMs, isAsking, host, controlPath } = this.#start;
    let heardAt = clock.monotonic();
    this.#onActivity = () => {
      heardAt = clock.monotonic();
    };
    for (;;) {
      if (isThere(controlPath)) return 'listening';
      if (!this.#running) return 'exited';
      if (this.stderr.isFlood) throw flooded(host, this.stderr);
      await this.#nextLook(signal);
      if (isAsking()) heardAt = clock.monotonic();
      if (clock.monotonic() - heardAt >= silenceMs) {
        throw new AnywhereError('HOST_TIMEOUT', `ssh got no answer for ${silenceMs} ms`, { host });
      }
    }
  }

  /** SSH_MISSING where there is no ssh. */
  static missing(code: number | undefined, host: string): AnywhereError | undefined {
    if (code !== PROGRAM_NOT_FOUND) return undefined;
    return new AnywhereError(
      'SSH_MISSING',
      'this host is reached with the OpenSSH client, and there is no `ssh` on the PATH',
      {
        host,
        hint: `${INSTALL_OPENSSH}; for the built-in SSH instead, see \`mcp-anywhere doctor ${host}\``,
      },
    );
  }

  stop(): void {
    this.#process.stop();
  }

  kill(): void {
    this.#process.kill();
  }

  /** Resolves at the next output or the end of ssh, or after a moment. */
  #nextLook(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const heard = this.#onActivity;
      const settle = (act: () => void): void => {
        cancel();
        signal.removeEventListener('abort', onAbort);
        this.#onActivity = heard;
        act();
      };
      const cancel = this.#start.clock.after(LOOK_EVERY_MS, () => {
        settle(resolve);
      });
      const onAbort = (): void => {
        settle(() => {
          reject(signal.reason as Error);
        });
      };
      this.#onActivity = () => {
        heard();
        settle(resolve);
      };
      const onExit = (): void => {
        settle(resolve);
      };
      this.#process.exited.then(onExit, onExit);
      if (signal.aborted) onAbort();
      else signal.addEventListener('abort', onAbort, { once: true });
    });
  }
}

function flooded(host: string, stderr: StderrLines): AnywhereError {
  const text = `ssh wrote more than ${STDERR_BYTES} bytes before the login: the host sends more than any banner`;
  return new AnywhereError('HOST_UNREACHABLE', text, { host, evidence: stderr.all().slice(0, EVIDENCE_LINES) });
}

const FIRST_LINES = 400;
const LAST_LINES = 50;
const MAX_LINE_CHARACTERS = 4096;
/** Far more than ssh writes with the longest banner. */
export const STDERR_BYTES = 4 * 1024 * 1024;

/** The first and the last lines of a process's stderr, however much it writes. */
class StderrLines {
  #first: string[] = [];
  #last: string[] = [];
  #partial = '';
  #characters = 0;

  /** @param onActivity called after every chunk */
  constructor(stream: Readable, onActivity: () => void) {
    stream.setEncoding('utf8');
    stream.on('data', (text: string) => {
      this.#add(text);
      onActivity();
    });
    stream.on('error', () => undefined);
  }

  /** Whether ssh has written more than `STDERR_BYTES`. */
  get isFlood(): boolean {
    return this.#characters > STDERR_BYTES;
  }

  all(): string[] {
    return [...this.#first, ...this.#last, ...(this.#partial === '' ? [] : [this.#partial])];
  }

  #add(text: string): void {
    this.#characters += text.length;
    const lines = (this.#partial + text).split('\n');
    this.#partial = beginning(lines.pop() ?? '', MAX_LINE_CHARACTERS);
    for (const line of lines) this.#keep(beginning(line, MAX_LINE_CHARACTERS));
  }

  #keep(line: string): void {
    if (this.#first.length < FIRST_LINES) this.#first.push(line);
    else {
      this.#last.push(line);
      if (this.#last.length > LAST_LINES) this.#last.shift();
    }
  }
}
