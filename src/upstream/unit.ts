/** One configured server: starts an instance for each client that needs one, and keeps the server's state. */

import type { CancelTimer } from '../base/clock.ts';
import { Emitter } from '../base/emitter.ts';
import { AnywhereError, EXIT } from '../base/errors.ts';
import type { Turn, Turns } from '../base/turns.ts';
import type { ServerPlan } from '../config/plan.ts';
import type { Link } from '../link/contract.ts';
import { watchIdle } from './health.ts';
import { Instance, type InstanceOwner } from './instance.ts';
import type { InstanceDeps } from './instance-deps.ts';
import { Restarts } from './restarts.ts';
import {
  INITIAL_SERVER_STATE,
  isCrashLoop,
  reduceServer,
  type ServerAction,
  type ServerState,
  serverStateKind,
  UnitRecord,
} from './server-state.ts';
import { Subscriptions } from './subscriptions.ts';

export interface UnitDeps extends InstanceDeps<InstanceOwner> {
  /** In [0, 1). */
  readonly random: () => number;
  /** A shared instance starts with the environment values of this client. */
  readonly lend?: (from: InstanceOwner, to: InstanceOwner) => void;
  /** Whether an instance with the environment values of `one` can serve `other`. Left out: always. */
  readonly isServedBy?: (server: ServerPlan, one: InstanceOwner, other: InstanceOwner) => boolean;
  /** Of all servers together. Left out: every server is launched at once. */
  readonly launches?: Turns;
}

/** An instance that was up this long works; an instance that was unused this long is not restarted by itself. */
const LASTING_MS = 60_000;

export interface UnitChange {
  readonly to: ServerState;
  readonly reason: string;
}

export class ServerUnit {
  readonly link: Link;
  readonly changes = new Emitter<UnitChange>();
  /** An instance answered `initialize`. */
  readonly initialized = new Emitter<Instance>();
  readonly record = new UnitRecord();
  readonly #deps: UnitDeps;
  readonly #restarts: Restarts;
  readonly #leave: () => void;
  readonly #idleWatches = new Map<Instance, CancelTimer>();
  readonly #sharedOwner: InstanceOwner;
  readonly #instances = new Map<InstanceOwner, Instance>();
  readonly #ready = new Set<Instance>();
  readonly #turns = new WeakMap<Instance, Turn>();
  readonly #subscriptions = new Map<InstanceOwner, Subscriptions<InstanceOwner>>();
  #state = INITIAL_SERVER_STATE;
  #plan: ServerPlan;
  #retired: AnywhereError | undefined;
  #isAwaited = false;

  /** @param sharedOwner speaks for all clients where the hosts file says `sharing: shared` */
  constructor(plan: ServerPlan, link: Link, sharedOwner: InstanceOwner, deps: UnitDeps) {
    this.#plan = plan;
    this.link = link;
    this.#sharedOwner = sharedOwner;
    this.#deps = deps;
    this.#restarts = new Restarts({
      clock: deps.clock,
      random: deps.random,
      start: (owner) => {
        this.#startAgain(owner);
      },
      isHostUp: () => link.state.kind === 'ready',
    });
    const forget = deps.scope.onClose(() => {
      this.#restarts.clear();
    });
    const unsubscribe = link.onChange(({ to }) => {
      if (to.kind === 'ready') this.#revive();
    });
    this.#leave = () => {
      forget();
      unsubscribe();
    };
  }

  get plan(): ServerPlan {
    return this.#plan;
  }

  /** Why this unit starts no instance any more: the current hosts file removed or changed the server. */
  get retired(): AnywhereError | undefined {
    return this.#retired;
  }

  /** True while a call is pending. */
  get isBusy(): boolean {
    return [...this.#instances.values()].some(isBusy);
  }

  get state(): ServerState {
    return this.#state;
  }

  /** Instances that answered `initialize`. */
  get running(): readonly Instance[] {
    return [...this.#ready];
  }

  /** The live instance that serves this client, if there is one. */
  current(owner: InstanceOwner): Instance | undefined {
    const instance = this.#instances.get(this.#ownerFor(owner));
    return instance?.isLive === true ? instance : undefined;
  }

  /**
   * The instance that serves this client, started where there is none. `ready` of the instance tells how the start went.
   * @throws AnywhereError SERVER_STOPPED once the unit is retired
   */
  instanceFor(owner: InstanceOwner): Instance {
    if (this.#retired !== undefined) throw this.#retired;
    const instance = this.current(owner) ?? this.#launch(this.#newOwnerFor(owner));
    this.#turns.get(instance)?.raise();
    return instance;
  }

  /** As `instanceFor`, but after the backoff of a failing server, and without an answer. */
  startSoon(owner: InstanceOwner): void {
    if (this.#retired === undefined && this.current(owner) === undefined) this.#restarts.want(this.#newOwnerFor(owner));
  }

  /** Somebody waits for the server: its launch, now or when the host is up, goes before those that nobody waits for. */
  hurry(): void {
    this.#isAwaited = true;
    for (const instance of this.#instances.values()) this.#turns.get(instance)?.raise();
  }

  /** The error for a call while the server keeps failing and is retried in the background. Undefined: a call may start the server. */
  get refusal(): AnywhereError | undefined {
    const { cause, failures } = this.#state;
    const { again } = this;
    if (!isCrashLoop(this.#state) || cause === undefined || again === undefined) return undefined;
    const { host, name } = this.plan;
    return new AnywhereError(cause.code, `${cause.message}, ${failures} times in a row. MCP-Anywhere ${again}`, {
      host,
      server: name,
      evidence: cause.evidence,
      hint: `mcp-anywhere logs ${host}/${name}; mcp-anywhere restart ${host}/${name}`,
      cause,
    });
  }

  /** When a failed server is retried, as text after "MCP-Anywhere". Undefined: with the next call. */
  get again(): string | undefined {
    const inMs = this.#restarts.dueInMs;
    if (this.#state.starting > 0) return 'is trying again now';
    return inMs <= 0 ? undefined : `will try again in ${Math.ceil(inMs / 1000)} s`;
  }

  /** The client left: its own instance ends. */
  release(owner: InstanceOwner): void {
    this.#restarts.forget(owner);
    this.#subscriptions.delete(owner);
    this.#instances.get(owner)?.close(this.#stopped('its client left'));
    this.#instances.get(this.#sharedOwner)?.unsubscribe(owner);
  }

  /** Ends all instances and forgets failures: the next call starts a new instance. */
  stop(why: string): void {
    this.#restarts.clear();
    this.#dispatch({ type: 'forgiven' }, why);
    for (const instance of [...this.#instances.values()]) instance.close(this.#stopped(why));
  }

  /** Ends all instances, and starts new ones for clients with subscriptions. */
  restart(why: string): void {
    this.record.restarted();
    this.stop(why);
    if (this.link.state.kind === 'ready') this.#revive();
  }

  /** Ends the instances without a pending call. */
  stopIdle(why: string): void {
    for (const instance of [...this.#instances.values()]) if (!isBusy(instance)) instance.close(this.#stopped(why));
  }

  /** Starts no instance any more, and ends the instances without a pending call. Pending calls go on until `stop`. */
  retire(why: string): void {
    this.#retired = this.#stopped(why);
    this.#leave();
    this.#restarts.clear();
    this.stopIdle(why);
  }

  /** Takes over the subscriptions of a retired unit. */
  succeed(before: ServerUnit): void {
    if (before.plan.sharing !== this.plan.sharing) return;
    for (const [owner, subscriptions] of before.#subscriptions)
      this.#subscriptions.set(owner === before.#sharedOwner ? this.#sharedOwner : owner, subscriptions);
    if (this.link.state.kind === 'ready') this.#revive();
  }

  /** The hosts file changed only settings that a running instance can take over. */
  replan(plan: ServerPlan): void {
    this.#plan = plan;
    for (const instance of this.#instances.values()) instance.replan(plan);
    for (const instance of this.#ready) this.#watchIdle(instance);
  }

  #watchIdle(instance: Instance): void {
    this.#idleWatches.get(instance)?.();
    const cancel = watchIdle(instance, this.plan.idleMs, this.#deps.clock, () => {
      instance.close(this.#stopped('nobody used it'));
    });
    this.#idleWatches.set(instance, cancel);
  }

  #subscriptionsOf(owner: InstanceOwner): Subscriptions<InstanceOwner> {
    const known = this.#subscriptions.get(owner) ?? new Subscriptions<InstanceOwner>();
    this.#subscriptions.set(owner, known);
    return known;
  }

  /** The host is back: clients that lost an instance, or have subscriptions, need an instance again. */
  #revive(): void {
    this.#restarts.hostIsUp();
    for (const [owner, { uris }] of this.#subscriptions) if (uris.length > 0) this.startSoon(owner);
  }

  #startAgain(owner: InstanceOwner): void {
    if (this.#retired === undefined && this.#instances.get(owner)?.isLive !== true) this.#launch(owner);
  }

  #ownerFor(owner: InstanceOwner): InstanceOwner {
    const isAlone = this.plan.sharing !== 'shared' || this.#instances.get(owner)?.isLive === true;
    if (isAlone || this.#instances.get(this.#sharedOwner)?.isLive !== true) return isAlone ? owner : this.#sharedOwner;
    const isServed = this.#deps.isServedBy?.(this.plan, this.#sharedOwner, owner) ?? true;
    return isServed ? this.#sharedOwner : owner;
  }

  /** As `#ownerFor`, for an instance that is about to start. */
  #newOwnerFor(owner: InstanceOwner): InstanceOwner {
    const chosen = this.#ownerFor(owner);
    if (chosen !== owner) this.#deps.lend?.(owner, chosen);
    return chosen;
  }

  #launch(owner: InstanceOwner): Instance {
    this.#restarts.forget(owner);
    this.record.launched(owner);
    const turn = this.#deps.launches?.take({ isAwaited: this.#isAwaited });
    const client = { owner, subscriptions: this.#subscriptionsOf(owner), turn };
    const instance = new Instance(this.plan, this.link, client, this.#deps);
    if (turn !== undefined) this.#turns.set(instance, turn);
    this.#instances.set(owner, instance);
    this.#dispatch({ type: 'launched' }, 'an instance was needed');
    instance.ready.then(
      () => {
        this.#initialized(instance);
      },
      // `ended` tells the cause.
      () => undefined,
    );
    const ended = instance.ended.then((cause) => {
      this.#ended(owner, instance, cause);
    });
    this.#deps.scope.run(ended);
    return instance;
  }

  #initialized(instance: Instance): void {
    if (!instance.isLive) return;
    this.#isAwaited = false;
    this.#ready.add(instance);
    this.record.cameUp();
    this.#dispatch({ type: 'initialized' }, 'initialize was answered');
    this.#watchIdle(instance);
    if (this.#state.failures > 0) this.#forgiveIn(LASTING_MS, instance);
    instance.resubscribe();
    instance.owner.instanceReady(instance);
    this.initialized.emit(instance);
    this.#restarts.cameUp();
  }

  #forgiveIn(delayMs: number, instance: Instance): void {
    const cancel = this.#deps.clock.after(
      delayMs,
      () => {
        this.#dispatch({ type: 'lasted' }, 'an instance was up for a minute');
      },
      { background: true },
    );
    this.#deps.scope.run(instance.ended.then(cancel));
  }

  #ended(owner: InstanceOwner, instance: Instance, cause: AnywhereError): void {
    if (this.#instances.get(owner) === instance) this.#instances.delete(owner);
    instance.owner.instanceEnded(instance);
    const wasReady = this.#ready.delete(instance);
    this.#idleWatches.get(instance)?.();
    this.#idleWatches.delete(instance);
    if (cause.code === 'SERVER_STOPPED') this.#dispatch({ type: 'stopped', wasReady }, cause.message);
    else if (isHostTrouble(cause)) {
      this.#dispatch({ type: 'stopped', wasReady }, cause.message);
      if (wasReady) this.record.fell(owner);
      if (this.#instances.has(owner)) return;
      if (wasReady) this.#restarts.lost(owner);
      // The host is up, and refused another connection: a login too many at that moment (MaxStartups).
      else if (cause.code !== 'LINK_LOST' && this.link.state.kind === 'ready') this.#restarts.failed(owner, 1);
    } else this.#failed(owner, instance, cause);
  }

  #failed(owner: InstanceOwner, instance: Instance, cause: AnywhereError): void {
    this.record.failed(owner, { cause, atMs: this.#deps.clock.now() });
    const wasReady = instance.hello !== undefined;
    const lasted = instance.upMs >= LASTING_MS;
    const worked = lasted || instance.hasServed;
    this.#dispatch(wasReady ? { type: 'ended', cause, worked } : { type: 'start-failed', cause }, cause.message);
    const isLeft = this.#instances.has(owner) || (lasted && !this.#isNeeded(instance));
    this.#restarts.failed(isLeft ? undefined : owner, this.#state.failures);
  }

  /** Some servers exit by themselves after some time without use. */
  #isNeeded({ lastUsedMs, subscriptions }: Instance): boolean {
    return subscriptions.uris.length > 0 || this.#deps.clock.monotonic() - lastUsedMs < LASTING_MS;
  }

  #stopped(why: string): AnywhereError {
    const { host, name } = this.plan;
    return new AnywhereError('SERVER_STOPPED', `${host}/${name} was stopped: ${why}`, { host, server: name });
  }

  #dispatch(action: ServerAction, reason: string): void {
    const from = this.#state;
    this.#state = reduceServer(from, action);
    if (serverStateKind(from) !== serverStateKind(this.#state)) this.changes.emit({ to: this.#state, reason });
  }
}

/** A starting server has only waiting callers, who can wait for the next instance. */
function isBusy(instance: Instance): boolean {
  return instance.hello !== undefined && instance.isLive && instance.peer.inFlight > 0;
}

/** The host is at fault, not the server. */
function isHostTrouble({ code, exitCode }: AnywhereError): boolean {
  return (
    exitCode === EXIT.auth || code === 'SSH_MISSING' || (exitCode === EXIT.unreachable && code !== 'CHANNEL_REFUSED')
  );
}
