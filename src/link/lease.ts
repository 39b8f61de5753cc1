/**
 * Keeps one warden at work on a host while there is something to guard.
 *
 * It is started a moment after the first program, so that it costs that one no time, and again whenever it ended
 * while the link lives. It covers every connection whose sshd process is known. What is started before is guarded by
 * a stand-in of its own, which the warden relieves.
 */
import { randomBytes } from 'node:crypto';
import { backoffMs } from '../base/backoff.ts';
import type { CancelTimer, Clock } from '../base/clock.ts';
import { AnywhereError } from '../base/errors.ts';
import type { Scope } from '../base/scope.ts';
import type { HeartbeatPlan } from '../config/plan.ts';
import type { Channel, Transport } from '../launch/contract.ts';
import { LAUNCH_COMMAND } from '../launch/launcher.ts';
import type { Preamble } from '../launch/preamble.ts';
import { guardedCommand, wardenLine } from '../launch/warden.ts';
import type { Log } from '../telemetry/log.ts';
import type { Connection, Connections } from './connections.ts';
import { ProgramOutput } from './launched.ts';
import { DEAD_BEATS, Warden } from './warden.ts';

/** After the first program, so that hosts that start together are done first: the stand-ins hold the lease that long. */
const START_DELAY_MS = 2_000;
/** Of a short lease, no more than this part. */
const START_DELAY_PART = 1 / 4;
/** A warden that is not there by then, and nothing else came either: the line may be dead. */
const LATE_START_MS = 3_000;
const RESTART = { initialMs: 1_000, maxMs: 60_000 };
/** A host where no warden comes up: nothing would relieve the stand-ins, and each would end its connection. */
const HOPELESS_STARTS = 3;

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
}

/** A launcher that has started a program. */
export interface Guarded {
  readonly sshdPid: number;
  readonly standInPid: number | undefined;
}

export class Lease {
  readonly #deps: LeaseDeps;
  readonly #covered = new Set<number>();
  /** Not relieved yet: the stand-in's pid, and that of the sshd process it guards. */
  readonly #standIns = new Map<number, number>();
  /** Since when programs run that no warden has covered yet. */
  #unwatchedSinceMs: number | undefined;
  /** The connection that carries the warden. */
  #home: Transport | undefined;
  /** Launches that ended here while no warden could be told: on a line that went silent they run on over there. */
  readonly #toKill = new Set<string>();
  #warden: Warden | undefined;
  #cancelStart: CancelTimer | undefined;
  /** Until it watches, or has ended: who asks for one meanwhile must not get a second. */
  #starting = false;
  #failures = 0;
  /** Wardens in a row that a line which was up did not carry. */
  #hopelessStarts = 0;
  #over = false;
  #cancelGiveUp: CancelTimer = () => undefined;
  /** While one is being started: since when, and what the line had brought by then. */
  #startedMs: number | undefined;
  #heardThen: number | undefined;
  readonly #askers = new Set<(isAlive: boolean) => void>();

  constructor(deps: LeaseDeps) {
    this.#deps = deps;
  }

  /** What starts a launcher there: with a stand-in, unless the warden is known to cover the connection already. */
  launchCommand(transport: Transport): string {
    const isCovered = this.#warden !== undefined && this.#home === transport;
    const isHopeless = transport.isBorrowed === true || this.#hopelessStarts >= HOPELESS_STARTS;
    return isCovered || isHopeless ? LAUNCH_COMMAND : guardedCommand(this.#deps.heartbeat.leaseMs);
  }

  /** A program of ours runs on this sshd process. */
  guard({ sshdPid, standInPid }: Guarded): void {
    if (standInPid !== undefined) this.#standIns.set(standInPid, sshdPid);
    if (this.#warden === undefined) {
      this.#unwatchedSinceMs ??= this.#deps.clock.monotonic();
      this.#startIn(Math.min(START_DELAY_MS, this.#deps.heartbeat.leaseMs * START_DELAY_PART));
    } else {
      this.#cover(sshdPid);
      this.#relieve();
    }
  }

  /** What is left of one launch must go, whether or not its launcher saw the channel end. */
  kill(nonce: string): void {
    if (this.#warden === undefined) this.#toKill.add(nonce);
    else this.#warden.kill(nonce);
  }

  /** A connection has ended here: so that it ends there too, though the line may be half open. */
  connectionEnded(connection: Connection): void {
    const { sshdPid } = connection;
    this.#noteUnwatchedEnd();
    // On a line that went silent they are what still ends its programs: the next warden must not relieve them.
    for (const [standIn, its] of this.#standIns) if (its === sshdPid) this.#standIns.delete(standIn);
    if (sshdPid === undefined || !this.#covered.delete(sshdPid)) return;
    this.#warden?.end(sshdPid);
  }

  /** It outlived the lease without a warden: a stand-in has ended it. */
  #noteUnwatchedEnd(): void {
    const sinceMs = this.#unwatchedSinceMs;
    this.#unwatchedSinceMs = undefined;
    if (sinceMs === undefined || this.#deps.clock.monotonic() - sinceMs < this.#deps.heartbeat.leaseMs) return;
    this.#hopelessStarts += 1;
    this.#deps.log.warn({ host: this.#deps.host }, 'no warden came up within heartbeat.leaseMs');
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
    this.#cancelGiveUp();
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
        this.#waitFromNow();
        this.#deps.scope.run(this.#start());
      },
      { background: true },
    );
  }

  /** While nobody beats yet, a line that brings nothing is given up like one that brings no echo. */
  #waitFromNow(): void {
    const { clock, connections, heartbeat } = this.#deps;
    const limitMs = DEAD_BEATS * heartbeat.intervalMs;
    const heard = connections.first?.bytesRead;
    this.#startedMs = clock.monotonic();
    this.#heardThen = heard;
    const giveUp = (): void => {
      if (connections.first?.bytesRead === heard) this.#silent(limitMs);
      else this.#waitFromNow();
    };
    if (heard !== undefined) this.#cancelGiveUp = clock.after(limitMs, giveUp, { background: true });
  }

  async #start(): Promise<void> {
    const { connections, scope, log } = this.#deps;
    try {
      if (connections.count === 0) {
        this.#starting = false;
        return;
      }
      const signal = scope.signal;
      const { channel, connection } = await connections.open(
        (transport) => transport.exec(this.launchCommand(transport), signal),
        signal,
      );
      this.#run(channel, connection);
    } catch (error) {
      log.debug({ host: this.#deps.host, error }, 'the warden could not be started');
      if (!(error instanceof AnywhereError) || error.code !== 'LINK_LOST') this.#hopelessStarts += 1;
      this.#answer(false);
      this.#starting = false;
      this.#again();
    }
  }

  #run(channel: Channel, connection: Connection): void {
    const { heartbeat, scope } = this.#deps;
    const nonce = randomBytes(16).toString('hex');
    const { closesWhole, isBorrowed } = connection.transport;
    const onEnd = closesWhole === true || isBorrowed === true ? 'own' : 'all';
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
    this.#starting = false;
    connection.sshdPid = preamble.end.sshdPid;
    this.#home = connection.transport;
    this.#unwatchedSinceMs = undefined;
    this.#answer(true);
    const deps = this.#deps;
    const { clock, onEcho, onLate, log, host } = deps;
    this.#warden = new Warden({
      clock,
      get intervalMs() {
        return deps.heartbeat.intervalMs;
      },
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
        this.#hopelessStarts = 0;
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
    });
    for (const sshdPid of this.#deps.connections.sshdPids()) this.#cover(sshdPid);
    this.#relieve();
    for (const left of this.#toKill) this.#warden.kill(left);
    this.#toKill.clear();
  }

  #cover(sshdPid: number): void {
    if (this.#covered.has(sshdPid)) return;
    this.#covered.add(sshdPid);
    this.#warden?.cover(sshdPid);
  }

  #relieve(): void {
    for (const pid of this.#standIns.keys()) this.#warden?.relieve(pid);
    this.#standIns.clear();
  }

  #silent(silentMs: number): void {
    const message = `The host has not answered for ${(silentMs / 1000).toFixed(1)} s`;
    this.#unwatchedSinceMs = undefined;
    this.#forget();
    this.#deps.onSilent(new AnywhereError('LINK_LOST', message, { host: this.#deps.host }));
  }

  #ended(): void {
    this.#starting = false;
    this.#forget();
    if (this.#deps.connections.count === 0) return;
    this.#hopelessStarts += 1;
    this.#again();
  }

  #forget(): void {
    this.#answer(false);
    this.#warden?.stop();
    this.#warden = undefined;
    this.#home = undefined;
    this.#covered.clear();
  }

  #again(): void {
    this.#failures += 1;
    this.#startIn(backoffMs(RESTART, this.#failures, this.#deps.random));
  }
}
