/** One program on this machine. */

import type { ChildProcess } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import type { Clock } from '../base/clock.ts';
import { AnywhereError } from '../base/errors.ts';
import { signalGroup } from '../base/process-group.ts';
import type { Channel, ChannelEnd } from '../launch/contract.ts';

/** After the exit, a process that the program left behind may hold the output open; its launcher reaps sooner. */
const DRAIN_MS = 5_000;
/** After `close`, stderr is still read for this long. */
const LAST_WORDS_MS = 200;
/** After `close`, the launcher has ended the program by then; a process that is left is stuck. */
const REAP_MS = 7_000;

/** The part of a child process that is used here. */
type Program = Pick<ChildProcess, 'pid' | 'once' | 'exitCode' | 'signalCode'> & {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
};

export class LocalChannel implements Channel {
  readonly ended: Promise<ChannelEnd>;
  /** Resolves once stderr is over. Never rejects. */
  readonly silent: Promise<void>;
  readonly #program: Program;
  readonly #clock: Clock;
  #end: (end: ChannelEnd) => void = () => undefined;
  #silence: () => void = () => undefined;
  #dead = false;

  constructor(program: Program, clock: Clock) {
    this.#program = program;
    this.#clock = clock;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    this.silent = new Promise((resolve) => {
      this.#silence = resolve;
    });
    program.stderr.once('close', () => {
      this.#silence();
    });
    // A write may cross the end of the program; `ended` tells of that end.
    program.stdin.on('error', () => undefined);
    program.once('exit', (code: number | null, signal: NodeJS.Signals | null) => {
      this.#exited(code, signal);
    });
  }

  get input(): Writable {
    return this.#program.stdin;
  }

  get output(): Readable {
    return this.#program.stdout;
  }

  get errors(): Readable {
    return this.#program.stderr;
  }

  get dead(): boolean {
    return this.#dead;
  }

  /** Rejects where /bin/sh cannot be started. */
  spawned(host: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#program.once('spawn', resolve);
      this.#program.once('error', (cause: Error) => {
        reject(new AnywhereError('SERVER_START_FAILED', '/bin/sh could not be started', { host, cause }));
      });
    });
  }

  close(): void {
    this.#finish({ kind: 'closed' });
  }

  lose(cause: AnywhereError): void {
    this.#finish({ kind: 'lost', cause });
  }

  /** Closes the pipes, stderr last; the launcher notices and reaps. */
  #finish(end: ChannelEnd): void {
    if (this.#dead) return;
    this.#dead = true;
    const { stdin, stdout, stderr } = this.#program;
    stdin.destroy();
    stdout.destroy();
    this.#clock.after(
      LAST_WORDS_MS,
      () => {
        // Bytes in the pipe are read first, however late the timer is.
        setImmediate(() => {
          stderr.destroy();
        });
      },
      { background: true },
    );
    this.#end(end);
    this.#clock.after(
      REAP_MS,
      () => {
        this.#killGroup();
      },
      { background: true },
    );
  }

  #exited(code: number | null, signal: NodeJS.Signals | null): void {
    const end: ChannelEnd = { kind: 'exited', code: code ?? undefined, signal: signal?.slice('SIG'.length) };
    const finish = (): void => {
      cancel();
      this.#dead = true;
      this.#end(end);
      this.#silence();
    };
    const cancel = this.#clock.after(DRAIN_MS, finish, { background: true });
    this.#program.once('close', finish);
  }

  #killGroup(): void {
    const { pid, exitCode, signalCode } = this.#program;
    if (pid !== undefined && exitCode === null && signalCode === null) signalGroup(pid, 'SIGKILL');
  }
}
