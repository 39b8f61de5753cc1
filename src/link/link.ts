/** The `Link` of a host: dials, supervises the connections, launches programs. */

import type { Duplex } from 'node:stream';
import { backoffMs } from '../base/backoff.ts';
import type { CancelTimer } from '../base/clock.ts';
import { Emitter, type Unsubscribe } from '../base/emitter.ts';
import { AnywhereError, asAnywhereError } from '../base/errors.ts';
import { Scope } from '../base/scope.ts';
import type { HeartbeatPlan, HostPlan, ReconnectPlan } from '../config/plan.ts';
import type { Dialer, HostEnvironment, Launch, Transport, TunnelTarget } from '../launch/contract.ts';
import { type Connection, Connections } from './connections.ts';
import type { LaunchedChannel, Link, LinkChange, LinkDeps, LinkState } from './contract.ts';
import { Dials } from './dials.ts';
import { Lease } from './lease.ts';
import { Machine } from './machine.ts';
import { Programs } from './programs.ts';
import type { Remedies } from './remedies.ts';
import { isForUser, RemedyWatch } from './remedy-watch.ts';
import { SleepWatch } from './sleep-watch.ts';
import { type LinkAction, nextOutcome, outcome, reduceLink } from './state.ts';

export interface LinkSettings {
  readonly reconnect: ReconnectPlan;
  readonly heartbeat: HeartbeatPlan;
}

/** @param remedies changes that may undo a refusal; left out: only the user can */
export function createLink(
  host: HostPlan,
  dialer: Dialer,
  settings: LinkSettings,
  deps: LinkDeps,
  remedies?: Remedies,
): Link {
  return new HostLink(host, dialer, settings, deps, remedies);
}

class HostLink implements Link {
  readonly host: string;
  readonly #plan: HostPlan;
  readonly #dialer: Dialer;
  readonly #dials: Dials;
  readonly #settings: LinkSettings;
  readonly #deps: LinkDeps;
  readonly #scope: Scope;
  readonly #changes = new Emitter<LinkChange>();
  readonly #connections: Connections;
  readonly #machine: Machine;
  readonly #lease: Lease;
  readonly #programs: Programs;
  readonly #sleeps: SleepWatch;
  readonly #remedyWatch: RemedyWatch;
  #unwatchSleep: Unsubscribe | undefined;
  #state: LinkState = { kind: 'idle' };
  #cancelRetry: CancelTimer = () => undefined;
  /** Attempts since the link was last up for long. */
  #attempts = 0;
  #readySinceMs = 0;
  #failingSinceMs: number | undefined;

  constructor(host: HostPlan, dialer: Dialer, settings: LinkSettings, deps: LinkDeps, remedies?: Remedies) {
    this.host = host.name;
    this.#plan = host;
    this.#dialer = dialer;
    this.#settings = settings;
    this.#deps = deps;
    this.#scope = new Scope((error) => {
      deps.log.error({ host: host.name, error }, 'unexpected error in a link');
    });
    this.#machine = new Machine(deps, [host.name, host.ssh?.alias ?? '', host.ssh?.user ?? '']);
    this.#connections = this.#newConnections();
    this.#lease = this.#newLease();
    this.#programs = new Programs({
      plan: host,
      scope: this.#scope,
      connections: this.#connections,
      machine: this.#machine,
      lease: this.#lease,
    });
    const turns = host.ssh === undefined ? undefined : deps.dials;
    this.#dials = new Dials({ dialer, clock: deps.clock, random: deps.random, scope: this.#scope, turns });
    this.#sleeps = deps.sleeps ?? new SleepWatch(deps.clock);
    this.#remedyWatch = new RemedyWatch({
      clock: deps.clock,
      scope: this.#scope,
      remedies,
      onRemedy: (what) => {
        this.wake(what, { user: true, isAwaited: false });
      },
    });
  }

  get state(): LinkState {
    return this.#state;
  }

  get failingSinceMs(): number | undefined {
    return this.#failingSinceMs;
  }

  get connections(): number {
    return this.#connections.count;
  }

  get backend(): string {
    return this.#dialer.backend();
  }

  get environment(): HostEnvironment | undefined {
    return this.#machine.environment;
  }

  onChange(listener: (change: LinkChange) => void): Unsubscribe {
    return this.#changes.on(listener);
  }

  wake(reason: string, { user = false, isAwaited = true }: Parameters<Link['wake']>[1] = {}): void {
    const { kind } = this.#state;
    if (user && kind !== 'ready') this.#attempts = 0;
    if (kind === 'idle' || kind === 'waiting' || (kind === 'refused' && user)) this.#connect(reason);
    if (kind === 'connecting') this.#dials.hurry();
    if (isAwaited) this.#dials.raise();
  }

  poke(): void {
    this.#lease.poke();
  }

  get isDoubtful(): boolean {
    return this.#lease.isDoubtful;
  }

  isAlive(): Promise<boolean> {
    return this.#lease.isAlive();
  }

  async ready(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.wake('needed');
    const settled = outcome(this.#state, this.host);
    if (settled !== undefined) await settled();
    else await nextOutcome(this, signal);
  }

  async open(launch: Launch, signal: AbortSignal): Promise<LaunchedChannel> {
    try {
      await this.ready(signal);
      return await this.#programs.open(launch, signal);
    } catch (error) {
      throw signal.aborted && !(error instanceof AnywhereError)
        ? error
        : asAnywhereError(error).at({ host: this.host });
    }
  }

  async tunnel(target: TunnelTarget, signal: AbortSignal): Promise<Duplex> {
    await this.ready(signal);
    const transport = this.#connections.first;
    if (transport === undefined) throw this.#lost();
    return transport.tunnel(target, signal);
  }

  async close(): Promise<void> {
    if (this.#state.kind === 'closed') {
      await this.#scope.close();
      return;
    }
    this.#cancelRetry();
    this.#dispatch({ type: 'closed' }, 'closed by us');
    this.#lease.goodbye();
    this.#dials.close(this.#lost());
    await this.#connections.close();
    await this.#scope.close();
  }

  #connect(reason: string): void {
    this.#cancelRetry();
    this.#attempts += 1;
    this.#dispatch({ type: 'dial', atMs: this.#deps.clock.now() }, reason);
    this.#scope.run(this.#dialFirst());
  }

  async #dialFirst(): Promise<void> {
    try {
      const transport = await this.#dial({ isAwaited: false });
      this.#connections.add(transport);
      this.#readySinceMs = this.#deps.clock.monotonic();
      this.#dispatch({ type: 'connected', atMs: this.#deps.clock.now() }, `connected (${this.backend})`);
    } catch (error) {
      this.#failed(asAnywhereError(error).at({ host: this.host }));
    }
  }

  /** @param isAwaited false: nobody waits, unless `wake` says so */
  async #dial({ isAwaited }: { readonly isAwaited: boolean }): Promise<Transport> {
    const transport = await this.#dials.connect({ isAwaited });
    try {
      this.#machine.identify(transport.identity);
      // The last step, with nothing awaited after it, so that a close in between destroys the transport.
      if (this.#scope.closed || this.#state.kind === 'closed') throw this.#lost();
      return transport;
    } catch (error) {
      transport.destroy(this.#lost());
      throw error;
    }
  }

  #failed(cause: AnywhereError): void {
    if (isForUser(cause) || this.#attempts >= this.#settings.reconnect.attempts) {
      this.#dispatch({ type: 'refused', cause }, cause.message);
      return;
    }
    const retryAtMs = this.#retryAt();
    this.#dispatch({ type: 'failed', cause, retryAtMs }, cause.message);
    this.#retry(retryAtMs);
  }

  #connectionEnded(connection: Connection, cause: AnywhereError, left: number): void {
    this.#lease.connectionEnded(connection);
    if (left > 0 || this.#state.kind !== 'ready') return;
    const lasted = this.#deps.clock.monotonic() - this.#readySinceMs;
    // A connection that never lasts is backed off from like one that never comes up.
    if (lasted > this.#settings.reconnect.maxMs) this.#attempts = 0;
    const retryAtMs = this.#retryAt();
    this.#dispatch(
      { type: 'lost', cause: cause.at({ host: this.host }), retryAtMs, attempt: this.#attempts },
      cause.message,
    );
    this.#retry(retryAtMs);
    if (this.#dials.hasReplacement) this.wake('another connection is up');
  }

  #retryAt(): number {
    return this.#deps.clock.now() + backoffMs(this.#settings.reconnect, Math.max(1, this.#attempts), this.#deps.random);
  }

  #retry(retryAtMs: number): void {
    if (this.#state.kind !== 'waiting') return;
    this.#cancelRetry = this.#deps.clock.after(
      retryAtMs - this.#deps.clock.now(),
      () => {
        this.wake('tries again', { isAwaited: false });
      },
      { background: true },
    );
  }

  #dispatch(action: LinkAction, reason: string): void {
    const from = this.#state;
    const to = reduceLink(from, action);
    this.#state = to;
    if (from.kind === to.kind) return;
    if (to.kind === 'waiting' || to.kind === 'refused') this.#failingSinceMs ??= this.#deps.clock.now();
    else if (to.kind === 'ready') this.#failingSinceMs = undefined;
    this.#remedyWatch.follow(from, to);
    this.#watchSleep(to.kind === 'ready' || to.kind === 'waiting');
    this.#changes.emit({ from, to, reason });
  }

  #watchSleep(isWanted: boolean): void {
    if (!isWanted) {
      this.#unwatchSleep?.();
      this.#unwatchSleep = undefined;
    } else if (this.#plan.ssh !== undefined)
      this.#unwatchSleep ??= this.#sleeps.onAwake(() => {
        if (this.#state.kind === 'ready') this.#lease.awake();
        else this.wake('this machine has slept', { isAwaited: false });
      });
  }

  #newConnections(): Connections {
    return new Connections({
      host: this.host,
      clock: this.#deps.clock,
      scope: this.#scope,
      dial: () => this.#dial({ isAwaited: true }),
      onEnd: (connection, cause, left) => {
        this.#connectionEnded(connection, cause, left);
      },
    });
  }

  #newLease(): Lease {
    const settings = this.#settings;
    const { clock, random, log } = this.#deps;
    return new Lease({
      host: this.host,
      clock,
      random,
      log,
      scope: this.#scope,
      get heartbeat() {
        return settings.heartbeat;
      },
      connections: this.#connections,
      onEcho: (rttMs) => {
        this.#dispatch({ type: 'echo', rttMs }, 'heartbeat');
      },
      onSilent: (cause) => {
        this.#connections.destroy(cause);
      },
      onLate: () => {
        this.#replaceIfDead();
      },
    });
  }

  #replaceIfDead(): void {
    const isDoubtful = (): boolean => this.#state.kind === 'ready' && this.#lease.isDoubtful;
    this.#dials.replace(isDoubtful, () => {
      const text = 'The connection did not answer, and a new one was up before it did';
      this.#connections.destroy(new AnywhereError('LINK_LOST', text, { host: this.host }));
    });
  }

  #lost(): AnywhereError {
    return new AnywhereError('LINK_LOST', 'The link was closed', { host: this.host });
  }
}
