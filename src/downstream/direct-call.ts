/** A tools/call that goes straight to an instance that is up: nearly every one. */

import type { AnywhereError } from '../base/errors.ts';
import type { Route } from '../catalog/snapshot.ts';
import type { Message } from '../protocol/message.ts';
import type { Peer } from '../protocol/peer.ts';
import type { Waiter } from '../protocol/pending-request.ts';
import type { Instance, InstanceOwner } from '../upstream/instance.ts';
import { RunningRequest } from './running-call.ts';

/** Told of its end: the reply, or why there is none. */
type OnOver = (call: DirectCall, outcome: Message | AnywhereError) => void;

/** The request under way, what is sent of it and who waits for it, in one object: each one more would be made for every call. */
export class DirectCall extends RunningRequest implements Waiter {
  declare route: Route;
  readonly instance: Instance;
  readonly owner: InstanceOwner;
  readonly peer: Peer;
  readonly #onOver: OnOver;

  constructor(
    request: Message,
    route: Route,
    instance: Instance,
    client: { readonly owner: InstanceOwner; readonly peer: Peer },
    onOver: OnOver,
  ) {
    super(request);
    this.route = route;
    this.instance = instance;
    this.owner = client.owner;
    this.peer = client.peer;
    this.#onOver = onOver;
  }

  get cancellation(): this {
    return this;
  }

  resolve(reply: Message): void {
    this.#onOver(this, reply);
  }

  reject(error: AnywhereError): void {
    this.#onOver(this, error);
  }
}
