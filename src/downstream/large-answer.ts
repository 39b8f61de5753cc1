/** The answer to a call on its way to the client while its end has not come yet. */

import type { CancelTimer, Clock } from '../base/clock.ts';
import { AnywhereError } from '../base/errors.ts';
import type { Route } from '../catalog/snapshot.ts';
import type { CutThrough } from '../protocol/cut-through.ts';
import type { Opening } from '../protocol/envelope.ts';
import type { LargeLine } from '../protocol/large-line.ts';
import { Message } from '../protocol/message.ts';
import type { Peer } from '../protocol/peer.ts';
import { type Line, splice } from '../protocol/splice.ts';

const LOOK_MS = 1000;
/** With less between two looks it is slow: it began with more than ten times that. */
const SLOW_BYTES = 4_000_000;
/** For so long others wait behind one that is slow. */
const SLOW_MS = 5000;

/** The call that it answers. */
export interface AnsweredCall {
  readonly request: Message;
  readonly route: Route;
  /** The client. */
  readonly peer: Peer;
  /** Ends it with an error; the client still gets its answer. */
  revoke(reason: AnywhereError): void;
}

export class LargeAnswer {
  readonly #call: AnsweredCall;
  readonly #cutThrough: CutThrough;
  readonly #clock: Clock;
  #cancelLook: CancelTimer = () => undefined;
  /** At the last look. */
  #passed = 0;
  /** Since when it has been slow while others waited, monotonic. */
  #slowSinceMs: number | undefined;

  /** Undefined where the client's stream is taken, or the reply may be for another client of the server: no id stands before it. */
  static begin(call: AnsweredCall, reply: LargeLine, { text, id }: Opening, clock: Clock): LargeAnswer | undefined {
    if (id === undefined && call.route.server.sharing !== 'session') return undefined;
    const edits = id === undefined ? [] : [{ span: id, text: call.request.idKey }];
    const cutThrough = call.peer.cutThrough(call.request, splice(text, edits));
    if (cutThrough === undefined) return undefined;
    reply.passOn(cutThrough);
    return new LargeAnswer(call, cutThrough, clock);
  }

  private constructor(call: AnsweredCall, cutThrough: CutThrough, clock: Clock) {
    this.#call = call;
    this.#cutThrough = cutThrough;
    this.#clock = clock;
    cutThrough.onLost = () => {
      call.revoke(new AnywhereError('SERVER_PROTOCOL', 'its answer is no JSON at its end'));
    };
    this.#lookLater();
  }

  /** It is this message that was begun. */
  isOf(outcome: Message | AnywhereError): boolean {
    return outcome instanceof Message && outcome.taker === this.#cutThrough;
  }

  /** False where the message does not begin as it was begun: then the client has none. */
  finish(line: Line): boolean {
    this.#cancelLook();
    return this.#cutThrough.finish(line);
  }

  /** The client sees no end of it. */
  abort(): void {
    this.#cancelLook();
    this.#cutThrough.abort();
  }

  #lookLater(): void {
    this.#cancelLook = this.#clock.after(
      LOOK_MS,
      () => {
        this.#look();
      },
      { background: true },
    );
  }

  /** Others must not wait for a server that does not go on. */
  #look(): void {
    if (!this.#cutThrough.isOpen) return;
    const nowMs = this.#clock.monotonic();
    const passed = this.#cutThrough.passed - this.#passed;
    this.#passed += passed;
    const holds = this.#call.peer.heldBytes > 0 && !this.#call.peer.isCongested && passed < SLOW_BYTES;
    this.#slowSinceMs = holds ? (this.#slowSinceMs ?? nowMs) : undefined;
    if (this.#slowSinceMs === undefined || nowMs - this.#slowSinceMs < SLOW_MS) this.#lookLater();
    else this.#call.revoke(tooSlow(this.#passed));
  }
}

function tooSlow(bytes: number): AnywhereError {
  const text = `its answer hardly went on after ${(bytes / 1e6).toFixed(1)} MB, and other answers waited behind it`;
  return new AnywhereError('CALL_TIMEOUT', text);
}
