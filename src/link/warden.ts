/**
 * Our end of a machine's warden: heartbeats out, echoes in, and the orders in between.
 *
 * Unanswered beats are counted, not milliseconds, so that a stall of our own process is not taken for a dead line.
 */
import type { Readable, Writable } from 'node:stream';
import type { CancelTimer, Clock } from '../base/clock.ts';
import { ORDER, parseWardenLine } from '../launch/warden.ts';

/** Unanswered beats: suspect 10 s, dead 15 s at the default interval of 5 s. */
const SUSPECT_BEATS = 2;
const DEAD_BEATS = 3;
/** A beat that comes so much too late by the wall clock: the machine we run on has slept. */
const SLEPT_MS = 5_000;
const AFTER_SLEEP_MS = 3_000;

/** The warden's program, started and past its preamble. */
export interface WardenProgram {
  readonly input: Writable;
  readonly output: Readable;
  readonly errors: Readable;
  close(): void;
}

interface WardenDeps {
  readonly clock: Clock;
  readonly intervalMs: number;
  readonly program: WardenProgram;
  readonly onEcho: (rttMs: number) => void;
  readonly onSuspect: () => void;
  /** Nothing came back: the line is dead. */
  readonly onSilent: () => void;
  readonly onOutputWatch: () => void;
}

export class Warden {
  readonly #deps: WardenDeps;
  #cancel: CancelTimer = () => undefined;
  #sequence = 0;
  #echoed = 0;
  #sentAtMs = 0;
  #beatAtMs: number;
  #partial = '';

  constructor(deps: WardenDeps) {
    this.#deps = deps;
    this.#beatAtMs = deps.clock.now();
    deps.program.errors.resume();
    deps.program.output.setEncoding('utf8').on('data', (text: string) => {
      this.#read(text);
    });
    this.#beat();
  }

  cover(sshdPid: number): void {
    this.#write(ORDER.cover(sshdPid));
  }

  end(sshdPid: number): void {
    this.#write(ORDER.end(sshdPid));
  }

  kill(nonce: string): void {
    this.#write(ORDER.kill(nonce));
  }

  /** No more beats; nothing is said. */
  stop(): void {
    this.#cancel();
  }

  goodbye(): void {
    this.stop();
    this.#write(ORDER.goodbye);
    this.#deps.program.close();
  }

  #beat(): void {
    const { clock, intervalMs } = this.#deps;
    const unanswered = this.#sequence - this.#echoed;
    if (unanswered >= DEAD_BEATS) {
      this.#deps.onSilent();
      return;
    }
    if (unanswered === SUSPECT_BEATS) this.#deps.onSuspect();
    const slept = clock.now() - this.#beatAtMs > intervalMs + SLEPT_MS;
    this.#beatAtMs = clock.now();
    this.#send();
    this.#cancel = slept
      ? this.#afterSleep()
      : clock.after(
          intervalMs,
          () => {
            this.#beat();
          },
          { background: true },
        );
  }

  /** After a sleep the line is most often gone: one echo decides, soon. */
  #afterSleep(): CancelTimer {
    const asked = this.#sequence;
    const decide = (): void => {
      if (this.#echoed < asked) this.#deps.onSilent();
      else this.#beat();
    };
    return this.#deps.clock.after(AFTER_SLEEP_MS, decide, { background: true });
  }

  #send(): void {
    this.#sequence += 1;
    this.#sentAtMs = this.#deps.clock.monotonic();
    this.#write(ORDER.heartbeat(this.#sequence));
  }

  #write(line: string): void {
    if (this.#deps.program.input.writable) this.#deps.program.input.write(line);
  }

  #read(text: string): void {
    const lines = `${this.#partial}${text}`.split('\n');
    this.#partial = lines.pop() ?? '';
    for (const line of lines) this.#take(line);
  }

  #take(line: string): void {
    const said = parseWardenLine(line);
    if (said?.kind === 'output-watch') this.#deps.onOutputWatch();
    if (said?.kind !== 'echo') return;
    this.#echoed = Math.max(this.#echoed, said.sequence);
    if (said.sequence === this.#sequence) this.#deps.onEcho(this.#deps.clock.monotonic() - this.#sentAtMs);
  }
}
