/** Hands a request of one peer to another and the reply back; only ids and progress tokens change. */

import type { CancelSignal } from '../base/cancellation.ts';
import type { Span } from './json-scan.ts';
import { errorLine, RPC } from './jsonrpc.ts';
import type { Message } from './message.ts';
import type { Peer } from './peer.ts';
import type { RequestLine, RequestOptions, Waiter } from './pending-request.ts';
import type { Edit, Line } from './splice.ts';

/** Whoever else wants to know of the progress of what is handed on. */
export interface ProgressWatcher {
  /** @param signal of the request's options: it tells whose progress it is */
  progressed(progress: Message, signal: CancelSignal | undefined): void;
}

/**
 * A request on its way from one peer to another, with `edits` made. Where its sender asked for progress, the token becomes
 * our id on that hop and the sender's own again (string or number, as it wrote it) on the way back.
 */
export class Forwarding implements RequestLine {
  readonly #request: Message;
  readonly #edits: readonly Edit[];
  readonly #from: Peer;
  readonly #watcher: ProgressWatcher | undefined;
  readonly #token: Span | undefined;

  constructor(request: Message, edits: readonly Edit[], from: Peer, watcher?: ProgressWatcher) {
    this.#request = request;
    this.#edits = edits;
    this.#from = from;
    this.#watcher = watcher;
    this.#token = request.param('_meta', 'progressToken');
  }

  get method(): string {
    return this.#request.method;
  }

  withId(id: number): Line {
    const { id: span } = this.#request;
    const edits = this.#token === undefined ? this.#edits : before({ span: this.#token, text: id }, this.#edits);
    return this.#request.withEdits(span === undefined ? edits : before({ span, text: id }, edits));
  }

  start(to: Peer, options: RequestOptions, waiter: Waiter): void {
    to.start(this, this.#token === undefined ? options : this.#withProgress(this.#token, options), waiter);
  }

  #withProgress(token: Span, options: RequestOptions): RequestOptions {
    const tokenText = this.#request.raw(token);
    return {
      ...options,
      progressOutlivesReply: this.#request.param('task') !== undefined,
      onProgress: (progress) => {
        this.#from.send(withToken(progress, tokenText));
        this.#watcher?.progressed(progress, options.signal);
        options.onProgress?.(progress);
      },
    };
  }
}

/** Sends it and waits for the reply. */
export function forwardRequest(
  request: Message,
  edits: readonly Edit[],
  to: Peer,
  from: Peer,
  options: RequestOptions,
): Promise<Message> {
  return new Promise((resolve, reject) => {
    new Forwarding(request, edits, from).start(to, options, { resolve, reject });
  });
}

/** The reply with the id its asker knows it by. */
export function asReplyTo(request: Message, reply: Message, edits: readonly Edit[] = []): Line {
  if (reply.id !== undefined) return reply.withEdits(before({ span: reply.id, text: request.idKey }, edits));
  const { code, message, data } = reply.errorValue();
  return errorLine(request.idText, code, message, data);
}

/** Of none or one more a list is made at once: growing it would cost more than all else here. */
function before(first: Edit, edits: readonly Edit[]): readonly Edit[] {
  const [second] = edits;
  if (second === undefined) return [first];
  return edits.length === 1 ? [first, second] : [first, ...edits];
}

export function isMethodNotFound(reply: Message): boolean {
  return reply.kind === 'error' && reply.errorValue().code === RPC.methodNotFound;
}

function withToken(progress: Message, tokenText: string): Line {
  const span = progress.param('progressToken');
  return progress.withEdits(span === undefined ? [] : [{ span, text: tokenText }]);
}
