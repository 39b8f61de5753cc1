/** A tools/call that goes straight to an instance that is up: nearly every one. */

import type { AnywhereError } from '../base/errors.ts';
import type { Route } from '../catalog/snapshot.ts';
import type { Message } from '../protocol/message.ts';
import type { Peer } from '../protocol/peer.ts';
import type { Waiter } from '../protocol/pending-request.ts';
import type { Instance, InstanceOwner } from '../upstream/instance.ts';
import { RunningRequest } from './running-call.ts';

export interface DirectCallWatcher {
  /** The reply, or why there is none. */
  over(call: DirectCall, outcome: Message | AnywhereError): void;
}

/** The request under way, what is sent of it and who waits for it, in one object: each one more would be made for every call. */
export class DirectCall extends RunningRequest implements Waiter {
  declare route: Route;
  readonly instance: Instance;
  readonly owner: InstanceOwner;
  readonly peer: Peer;
  readonly #watcher: DirectCallWatcher;

  constructor(
    request: Message,
    route: Route,
    instance: Instance,
    client: { readonly owner: InstanceOwner; readonly peer: Peer },
    watcher: DirectCallWatcher,
  ) {
    super(request);
    this.route = route;
    this.instance = instance;
    this.owner = client.owner;
    this.peer = client.peer;
    this.#watcher = watcher;
  }

  get cancellation(): this {
    return this;
  }

  resolve(reply: Message): void {
    this.#watcher.over(this, reply);
  }

  reject(error: AnywhereError): void {
    this.#watcher.over(this, error);
  }
}
