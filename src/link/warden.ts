/**
 * Our side of a machine's warden: heartbeats, their echoes, and orders.
 *
 * Unanswered heartbeats are counted, not milliseconds, so that a stall of this process is not taken for a dead line.
 */
import type { Readable, Writable } from 'node:stream';
import { BoundedLines } from '../base/bounded-lines.ts';
import type { CancelTimer, Clock } from '../base/clock.ts';
import { ORDER, parseEcho } from '../launch/warden.ts';

/** Unanswered heartbeats: suspect after 10 s, dead after 15 s at the default interval of 5 s. */
const SUSPECT_BEATS = 2;
export const DEAD_BEATS = 3;
const AFTER_SLEEP_MS = 3_000;
/** An echo is late after this time and after a few times the last round trip. */
const LATE_MS = 1_000;
const LATE_RTTS = 4;

/** An echo is a few bytes. Start files may print a few lines of their own. */
export const WARDEN_LIMITS = { lineBytes: 4096, unasked: 1_000 } as const;

/** The warden's program, after its preamble. */
export interface WardenProgram {
  readonly input: Writable;
  readonly output: Readable;
  readonly errors: Readable;
  close(): void;
}

interface WardenDeps {
  readonly clock: Clock;
  /** Read at every heartbeat, because the hosts file may have changed. */
  readonly intervalMs: number;
  readonly program: WardenProgram;
  readonly onEcho: (rttMs: number) => void;
  readonly onSuspect: () => void;
  /** Nothing came back for this long: the line is dead. */
  readonly onSilent: (silentMs: number) => void;
  /** An echo is late while somebody uses the connection. */
  readonly onLate?: () => void;
  /** Bytes of the whole connection so far: a connection that brings bytes is alive, even where echoes are late. */
  readonly heard?: () => number | undefined;
}

export class Warden {
  readonly #deps: WardenDeps;
  #cancel: CancelTimer = () => undefined;
  #sequence = 0;
  #echoed = 0;
  #sentAtMs = 0;
  #rttMs = 0;
  /** The time of the first unanswered heartbeat, and the bytes received by then. */
  #waitingSinceMs = 0;
  #heardThen: number | undefined;
  #cancelPoke: CancelTimer | undefined;
  #pokesAgain = false;
  #cancelAwake: CancelTimer | undefined;
  readonly #askers = new Set<(isAlive: boolean) => void>();
  readonly #lines = new BoundedLines(WARDEN_LIMITS);
  #heardLines = 0;
  #isOver = false;

  constructor(deps: WardenDeps) {
    this.#deps = deps;
    deps.program.errors.resume();
    deps.program.output.on('data', (chunk: Buffer) => {
      if (!this.#isOver) this.#read(chunk);
    });
    this.#beat();
  }

  cover(sshdPid: number): void {
    this.#write(ORDER.cover(sshdPid));
  }

  relieve(standInPid: number): void {
    this.#write(ORDER.relieve(standInPid));
  }

  end(sshdPid: number): void {
    this.#write(ORDER.end(sshdPid));
  }

  kill(nonce: string): void {
    this.#write(ORDER.kill(nonce));
  }

  /** An echo is late, and nothing else has come either. */
  get isDoubtful(): boolean {
    return this.#echoed < this.#sequence && this.#isLate;
  }

  /** The connection is about to be used: `onLate` is called where an echo is late. */
  poke(): void {
    if (this.#cancelPoke === undefined) this.#pokeNow();
    else this.#pokesAgain = true;
  }

  /** However many calls: one heartbeat a second, and one after the last call. */
  #pokeNow(): void {
    const { clock } = this.#deps;
    if (!this.#isWaiting) this.#send();
    const again = (): void => {
      this.#cancelPoke = undefined;
      // Without the clock: a timer may fire a moment early.
      const isLate = this.#isWaiting && !this.#hasHeard;
      if (isLate) this.#deps.onLate?.();
      const pokesAgain = this.#pokesAgain || isLate;
      this.#pokesAgain = false;
      if (pokesAgain) this.#pokeNow();
    };
    this.#cancelPoke = clock.after(this.#lateMs, again, { background: true });
  }

  /** Resolves with true at the next echo, with false where the connection is given up before. */
  isAlive(): Promise<boolean> {
    if (!this.#isWaiting) this.#send();
    this.poke();
    return new Promise((resolve) => {
      this.#askers.add(resolve);
    });
  }

  /** This machine has slept, and most connections do not survive that: one echo decides soon. */
  awake(): void {
    if (this.#cancelAwake !== undefined) return;
    this.#send();
    const asked = this.#sequence;
    const heard = this.#deps.heard?.();
    const decide = (): void => {
      this.#cancelAwake = undefined;
      if (this.#echoed < asked && (heard === undefined || this.#deps.heard?.() === heard)) this.#silent();
    };
    this.#cancelAwake = this.#deps.clock.after(AFTER_SLEEP_MS, decide, { background: true });
  }

  /** Ends the heartbeats without telling the machine. */
  stop(): void {
    this.#cancel();
    this.#cancelPoke?.();
    this.#cancelAwake?.();
    this.#answer(false);
  }

  goodbye(): void {
    this.stop();
    this.#write(ORDER.goodbye);
    this.#deps.program.close();
  }

  get #isWaiting(): boolean {
    return this.#echoed < this.#sequence;
  }

  get #isLate(): boolean {
    return this.#isWaiting && this.#deps.clock.monotonic() - this.#waitingSinceMs >= this.#lateMs && !this.#hasHeard;
  }

  get #hasHeard(): boolean {
    return this.#heardThen !== undefined && this.#deps.heard?.() !== this.#heardThen;
  }

  get #lateMs(): number {
    return Math.max(LATE_MS, LATE_RTTS * this.#rttMs);
  }

  #beat(): void {
    const { clock, intervalMs } = this.#deps;
    const unanswered = this.#sequence - this.#echoed;
    if (unanswered >= DEAD_BEATS && !this.#hasHeard) {
      this.#silent();
      return;
    }
    if (unanswered === SUSPECT_BEATS) this.#deps.onSuspect();
    if (this.#hasHeard) this.#waitFromNow();
    this.#send();
    this.#cancel = clock.after(
      intervalMs,
      () => {
        this.#beat();
      },
      { background: true },
    );
  }

  #silent(): void {
    this.stop();
    this.#deps.onSilent(this.#deps.clock.monotonic() - this.#waitingSinceMs);
  }

  #answer(isAlive: boolean): void {
    for (const tell of this.#askers) tell(isAlive);
    this.#askers.clear();
  }

  #waitFromNow(): void {
    this.#waitingSinceMs = this.#deps.clock.monotonic();
    this.#heardThen = this.#deps.heard?.();
  }

  #send(): void {
    if (!this.#isWaiting) this.#waitFromNow();
    this.#sequence += 1;
    this.#sentAtMs = this.#deps.clock.monotonic();
    this.#write(ORDER.heartbeat(this.#sequence));
  }

  #write(line: string): void {
    if (this.#deps.program.input.writable) this.#deps.program.input.write(line);
  }

  #read(chunk: Buffer): void {
    this.#lines.push(chunk);
    for (let line = this.#lines.next(); line !== undefined; line = this.#lines.next()) {
      this.#heardLines += 1;
      this.#take(line);
    }
    const { isOver } = this.#lines;
    if (isOver || this.#heardLines > this.#sequence + WARDEN_LIMITS.unasked) this.#giveUp();
  }

  /** The program that writes there is not a warden: start another one. */
  #giveUp(): void {
    this.#isOver = true;
    this.stop();
    this.#deps.program.close();
  }

  #take(line: string): void {
    const sequence = parseEcho(line);
    if (sequence === undefined) return;
    this.#echoed = Math.max(this.#echoed, sequence);
    this.#waitFromNow();
    this.#answer(true);
    if (sequence !== this.#sequence) return;
    this.#rttMs = this.#deps.clock.monotonic() - this.#sentAtMs;
    this.#deps.onEcho(this.#rttMs);
  }
}
