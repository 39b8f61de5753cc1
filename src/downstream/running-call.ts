/** A request of an AI client under way; of a tools/call also what a person may want to know of it, and cancel. */
import { Cancellation } from '../base/cancellation.ts';
import type { AnywhereError } from '../base/errors.ts';
import type { Route } from '../catalog/snapshot.ts';
import type { Message } from '../protocol/message.ts';

/** The cancellation of the request, with a few fields more: one object for each request, whatever it is. */
export class RunningRequest extends Cancellation {
  readonly request: Message;
  /** Of a tools/call whose tool is known; undefined for anything else. */
  route: Route | undefined = undefined;
  /** Its number in this run; 0 where there is no route. */
  call = 0;
  /** Monotonic, ms. */
  startedMs = 0;
  /** 0 while it is under way. */
  endedMs = 0;
  /** What its server told last of its progress. */
  progress: Message | undefined = undefined;
  /** Somebody else than its client cancelled it: the client still waits for an answer. */
  isOwed = false;

  constructor(request: Message) {
    super();
    this.request = request;
  }

  /** Cancels it for another than its client. */
  revoke(reason: AnywhereError): void {
    this.isOwed = true;
    this.cancel(reason);
  }
}
