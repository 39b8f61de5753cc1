/** One configured server: starts instances for whoever needs one, and knows how they fare. */

import { Emitter } from '../base/emitter.ts';
import { AnywhereError } from '../base/errors.ts';
import type { ServerPlan } from '../config/plan.ts';
import type { Link } from '../link/contract.ts';
import { watchIdle } from './idle.ts';
import { Instance, type InstanceDeps, type InstanceOwner } from './instance.ts';
import {
  INITIAL_SERVER_STATE,
  reduceServer,
  type ServerAction,
  type ServerState,
  serverStateKind,
} from './server-state.ts';
import { Subscriptions } from './subscriptions.ts';

export interface UnitChange {
  readonly from: ServerState;
  readonly to: ServerState;
  readonly reason: string;
}

export class ServerUnit {
  readonly plan: ServerPlan;
  readonly link: Link;
  readonly changes = new Emitter<UnitChange>();
  /** An instance has answered `initialize`. */
  readonly initialized = new Emitter<Instance>();
  readonly #deps: InstanceDeps;
  readonly #sharedOwner: InstanceOwner;
  readonly #instances = new Map<InstanceOwner, Instance>();
  readonly #ready = new Set<Instance>();
  readonly #subscriptions = new Map<InstanceOwner, Subscriptions<InstanceOwner>>();
  #state = INITIAL_SERVER_STATE;

  /** @param sharedOwner speaks for all clients where the hosts file says `sharing: shared` */
  constructor(plan: ServerPlan, link: Link, sharedOwner: InstanceOwner, deps: InstanceDeps) {
    this.plan = plan;
    this.link = link;
    this.#sharedOwner = sharedOwner;
    this.#deps = deps;
    link.onChange(({ to }) => {
      if (to.kind === 'ready') this.#revive();
    });
  }

  get state(): ServerState {
    return this.#state;
  }

  /** The live instance that works for this client, if there is one. */
  current(owner: InstanceOwner): Instance | undefined {
    const instance = this.#instances.get(this.#ownerFor(owner));
    return instance?.isLive === true ? instance : undefined;
  }

  /** The instance that works for this client; started where there is none. Its `ready` says how that went. */
  instanceFor(owner: InstanceOwner): Instance {
    return this.current(owner) ?? this.#launch(this.#ownerFor(owner));
  }

  /** The client left: what worked for it alone ends. */
  release(owner: InstanceOwner): void {
    this.#subscriptions.delete(owner);
    this.#instances.get(owner)?.close(this.#stopped('its client left'));
    this.#instances.get(this.#sharedOwner)?.unsubscribe(owner);
  }

  /** Ends all instances; the next call starts anew. */
  stop(why: string): void {
    for (const instance of [...this.#instances.values()]) instance.close(this.#stopped(why));
  }

  #subscriptionsOf(owner: InstanceOwner): Subscriptions<InstanceOwner> {
    const known = this.#subscriptions.get(owner) ?? new Subscriptions<InstanceOwner>();
    this.#subscriptions.set(owner, known);
    return known;
  }

  /** The host is back: whoever waits to be told of a resource needs an instance again. */
  #revive(): void {
    for (const [owner, { uris }] of this.#subscriptions)
      if (uris.length > 0 && !this.#instances.has(owner)) this.#launch(owner);
  }

  #ownerFor(owner: InstanceOwner): InstanceOwner {
    return this.plan.sharing === 'shared' ? this.#sharedOwner : owner;
  }

  #launch(owner: InstanceOwner): Instance {
    const subscriptions = this.#subscriptionsOf(owner);
    const instance = new Instance(this.plan, this.link, { owner, subscriptions }, this.#deps);
    this.#instances.set(owner, instance);
    this.#dispatch({ type: 'launched' }, 'an instance was needed');
    instance.ready.then(
      () => {
        this.#initialized(instance);
      },
      // Its end says it.
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
    this.#ready.add(instance);
    this.#dispatch({ type: 'initialized' }, 'initialize was answered');
    const stopWatching = watchIdle(instance, this.plan.idleMs, this.#deps.clock, () => {
      instance.close(this.#stopped('nobody used it'));
    });
    this.#deps.scope.run(instance.ended.then(stopWatching));
    instance.resubscribe();
    instance.owner.instanceReady(instance);
    this.initialized.emit(instance);
  }

  #ended(owner: InstanceOwner, instance: Instance, cause: AnywhereError): void {
    if (this.#instances.get(owner) === instance) this.#instances.delete(owner);
    instance.owner.instanceEnded(instance);
    const wasReady = this.#ready.delete(instance);
    // A lost link is the host's trouble and stands there; the server itself is fine.
    if (cause.code === 'SERVER_STOPPED' || cause.code === 'LINK_LOST')
      this.#dispatch({ type: 'stopped', wasReady }, cause.message);
    else this.#dispatch({ type: wasReady ? 'ended' : 'start-failed', cause }, cause.message);
  }

  #stopped(why: string): AnywhereError {
    const { host, name } = this.plan;
    return new AnywhereError('SERVER_STOPPED', `${host}/${name} was stopped: ${why}`, { host, server: name });
  }

  #dispatch(action: ServerAction, reason: string): void {
    const from = this.#state;
    this.#state = reduceServer(from, action);
    if (serverStateKind(from) !== serverStateKind(this.#state)) this.changes.emit({ from, to: this.#state, reason });
  }
}
