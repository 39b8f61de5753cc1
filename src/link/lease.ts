/**
 * Keeps one warden at work on a host while there is something to guard.
 *
 * It is started a moment after the first program, so that it costs that one no time, and again whenever it ended
 * while the link lives. It covers every connection whose sshd process is known.
 */
import { randomBytes } from 'node:crypto';
import { backoffMs } from '../base/backoff.ts';
import type { CancelTimer, Clock } from '../base/clock.ts';
import { AnywhereError } from '../base/errors.ts';
import type { Scope } from '../base/scope.ts';
import type { HeartbeatPlan } from '../config/plan.ts';
import { LAUNCH_COMMAND } from '../launch/launcher.ts';
import type { Preamble } from '../launch/preamble.ts';
import { wardenLine } from '../launch/warden.ts';
import type { Log } from '../telemetry/log.ts';
import type { Connection, Connections } from './connections.ts';
import type { Channel } from './contract.ts';
import { ProgramOutput } from './program-output.ts';
import { Warden } from './warden.ts';

const START_DELAY_MS = 500;
/** A warden that is not there by then, and nothing else came either: the line may be dead. */
const LATE_START_MS = 3_000;
const RESTART = { initialMs: 1_000, maxMs: 60_000 };

interface LeaseDeps {
  readonly host: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly scope: Scope;
  readonly heartbeat: HeartbeatPlan;
  readonly connections: Connections;
  readonly onEcho: (rttMs: number) => void;
  readonly onSilent: (cause: AnywhereError) => void;
  readonly onLate: () => void;
  readonly onOutputWatch: () => void;
}

export class Lease {
  readonly #deps: LeaseDeps;
  readonly #covered = new Set<number>();
  /** Launches that ended here while no warden could be told: on a line that went silent they run on over there. */
  readonly #toKill = new Set<string>();
  #warden: Warden | undefined;
  #cancelStart: CancelTimer | undefined;
  #starting = false;
  #failures = 0;
  #over = false;
  /** While one is being started: since when, and what the line had brought by then. */
  #startedMs: number | undefined;
  #heardThen: number | undefined;
  readonly #askers = new Set<(isAlive: boolean) => void>();

  constructor(deps: LeaseDeps) {
    this.#deps = deps;
  }

  /** A program of ours runs on this sshd process. */
  guard(sshdPid: number): void {
    if (this.#warden === undefined) this.#startIn(START_DELAY_MS);
    else this.#cover(sshdPid);
  }

  /** What is left of one launch must go, whether or not its launcher saw the channel end. */
  kill(nonce: string): void {
    if (this.#warden === undefined) this.#toKill.add(nonce);
    else this.#warden.kill(nonce);
  }

  /** A connection has ended here: so that it ends there too, though the line may be half open. */
  connectionEnded(connection: Connection): void {
    const { sshdPid } = connection;
    if (sshdPid === undefined || !this.#covered.delete(sshdPid)) return;
    this.#warden?.end(sshdPid);
  }

  get isDoubtful(): boolean {
    return this.#warden?.isDoubtful ?? this.#isStartLate;
  }

  get #isStartLate(): boolean {
    if (this.#startedMs === undefined || this.#deps.clock.monotonic() - this.#startedMs < LATE_START_MS) return false;
    return this.#heardThen !== undefined && this.#deps.connections.first?.bytesRead === this.#heardThen;
  }

  poke(): void {
    if (this.#warden !== undefined) this.#warden.poke();
    else if (this.#isStartLate) this.#deps.onLate();
  }

  awake(): void {
    this.#warden?.awake();
  }

  /** As `Link.isAlive`; a line that nobody watches yet counts as alive, unless that takes long. */
  isAlive(): Promise<boolean> {
    if (this.#warden !== undefined) return this.#warden.isAlive();
    if (!this.#isStartLate) return Promise.resolve(true);
    this.#deps.onLate();
    return new Promise((resolve) => {
      this.#askers.add(resolve);
    });
  }

  #answer(isAlive: boolean): void {
    this.#startedMs = undefined;
    for (const tell of this.#askers) tell(isAlive);
    this.#askers.clear();
  }

  goodbye(): void {
    this.#over = true;
    this.#cancelStart?.();
    this.#warden?.goodbye();
    this.#forget();
  }

  #startIn(delayMs: number): void {
    if (this.#starting || this.#cancelStart !== undefined || this.#over) return;
    this.#cancelStart = this.#deps.clock.after(
      delayMs,
      () => {
        this.#cancelStart = undefined;
        this.#starting = true;
        this.#startedMs = this.#deps.clock.monotonic();
        this.#heardThen = this.#deps.connections.first?.bytesRead;
        this.#deps.scope.run(this.#start());
      },
      { background: true },
    );
  }

  async #start(): Promise<void> {
    const { connections, scope, log } = this.#deps;
    try {
      if (connections.count === 0) return;
      const signal = scope.signal;
      const { channel, connection } = await connections.open(
        (transport) => transport.exec(LAUNCH_COMMAND, signal),
        signal,
      );
      this.#run(channel, connection);
    } catch (error) {
      log.debug({ host: this.#deps.host, error }, 'the warden could not be started');
      this.#answer(false);
      this.#again();
    } finally {
      this.#starting = false;
    }
  }

  #run(channel: Channel, connection: Connection): void {
    const { heartbeat, scope } = this.#deps;
    const nonce = randomBytes(16).toString('hex');
    const onEnd = connection.transport.closesWhole === true ? 'own' : 'all';
    channel.input.on('error', () => undefined);
    channel.input.write(`${wardenLine({ nonce, leaseMs: heartbeat.leaseMs, onEnd })}\n`);
    const output = new ProgramOutput(channel.output, nonce, {
      onPreamble: (preamble) => {
        this.#begin(channel, output, connection, preamble);
      },
    });
    output.on('error', () => undefined);
    output.resume();
    scope.run(
      channel.ended.then(() => {
        this.#ended();
      }),
    );
  }

  #begin(channel: Channel, output: ProgramOutput, connection: Connection, preamble: Preamble | undefined): void {
    if (preamble?.end.kind !== 'ready' || this.#over) {
      channel.close();
      return;
    }
    connection.sshdPid = preamble.end.sshdPid;
    this.#answer(true);
    const { clock, heartbeat, onEcho, onLate, log, host, onOutputWatch } = this.#deps;
    this.#warden = new Warden({
      clock,
      intervalMs: heartbeat.intervalMs,
      program: {
        input: channel.input,
        output,
        errors: channel.errors,
        close: () => {
          channel.close();
        },
      },
      onEcho: (rttMs) => {
        this.#failures = 0;
        onEcho(rttMs);
      },
      onSuspect: () => {
        log.warn({ host }, 'no answer to heartbeats');
      },
      onSilent: (silentMs) => {
        this.#silent(silentMs);
      },
      onLate,
      heard: () => connection.transport.bytesRead,
      onOutputWatch,
    });
    for (const sshdPid of this.#deps.connections.sshdPids()) this.#cover(sshdPid);
    for (const left of this.#toKill) this.#warden.kill(left);
    this.#toKill.clear();
  }

  #cover(sshdPid: number): void {
    if (this.#covered.has(sshdPid)) return;
    this.#covered.add(sshdPid);
    this.#warden?.cover(sshdPid);
  }

  #silent(silentMs: number): void {
    const message = `The host has not answered for ${(silentMs / 1000).toFixed(1)} s`;
    this.#forget();
    this.#deps.onSilent(new AnywhereError('LINK_LOST', message, { host: this.#deps.host }));
  }

  #ended(): void {
    this.#forget();
    if (this.#deps.connections.count > 0) this.#again();
  }

  #forget(): void {
    this.#answer(false);
    this.#warden?.stop();
    this.#warden = undefined;
    this.#covered.clear();
  }

  #again(): void {
    this.#failures += 1;
    this.#startIn(backoffMs(RESTART, this.#failures, this.#deps.random));
  }
}
