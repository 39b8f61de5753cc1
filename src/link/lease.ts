/**
 * Keeps one warden running on a host while programs run there.
 *
 * The warden starts a moment after the first program, which is not delayed by it, and starts again where it ended while the
 * link lives. It covers every connection whose sshd process is known. Programs that start before the warden are each guarded
 * by a stand-in, which the warden relieves.
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

/** After the first program, so that hosts that start together are ready first. The stand-ins hold the lease meanwhile. */
const START_DELAY_MS = 2_000;
/** At most this part of a short lease. */
const START_DELAY_PART = 1 / 4;
/** A warden that has not started by then, on a connection that brings nothing: the line may be dead. */
const LATE_START_MS = 3_000;
const RESTART = { initialMs: 1_000, maxMs: 60_000 };
/** Failed starts until no stand-ins are used: without a warden to relieve it, each of them would end its connection. */
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
  /** Stand-ins that are not relieved yet: their pid → the pid of the sshd process that they guard. */
  readonly #standIns = new Map<number, number>();
  /** Start of the first program that no warden covers. */
  #unwatchedSinceMs: number | undefined;
  /** The connection that carries the warden. */
  #home: Transport | undefined;
  /** Launches that ended here while no warden ran: on a silent line their programs still run on the machine. */
  readonly #toKill = new Set<string>();
  #warden: Warden | undefined;
  #cancelStart: CancelTimer | undefined;
  /** A warden is being started; there must be no second one. */
  #starting = false;
  #failures = 0;
  /** Wardens in a row that failed on a working connection. */
  #hopelessStarts = 0;
  #over = false;
  #cancelGiveUp: CancelTimer = () => undefined;
  /** The start of a warden that does not run yet, and the bytes that the connection had brought by then. */
  #startedMs: number | undefined;
  #heardThen: number | undefined;
  readonly #askers = new Set<(isAlive: boolean) => void>();

  constructor(deps: LeaseDeps) {
    this.#deps = deps;
  }

  /** The command that starts a launcher: with a stand-in, unless the warden already covers the connection. */
  launchCommand(transport: Transport): string {
    const isCovered = this.#warden !== undefined && this.#home === transport;
    const isHopeless = transport.isBorrowed === true || this.#hopelessStarts >= HOPELESS_STARTS;
    return isCovered || isHopeless ? LAUNCH_COMMAND : guardedCommand(this.#deps.heartbeat.leaseMs);
  }

  /** A program was started under this sshd process. */
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

  /** Ends the rest of a launch, whether or not its launcher saw the end of the channel. */
  kill(nonce: string): void {
    if (this.#warden === undefined) this.#toKill.add(nonce);
    else this.#warden.kill(nonce);
  }

  /** A connection has ended here; on a half-open line it must also end on the machine. */
  connectionEnded(connection: Connection): void {
    const { sshdPid } = connection;
    this.#noteUnwatchedEnd();
    // On a silent line the stand-ins still end the programs, so the next warden must not relieve them.
    for (const [standIn, its] of this.#standIns) if (its === sshdPid) this.#standIns.delete(standIn);
    if (sshdPid === undefined || !this.#covered.delete(sshdPid)) return;
    this.#warden?.end(sshdPid);
  }

  /** A connection that lived longer than the lease without a warden was ended by a stand-in. */
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

  /** As `Link.isAlive`; without a warden the connection counts as alive, unless the start of the warden is late. */
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

  /** Without heartbeats, a connection that brings nothing is given up like a connection without echoes. */
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
