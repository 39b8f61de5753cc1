/**
 * Requests of the daemon to the AI client (sampling, roots, elicitation), across several daemons. Every daemon counts its
 * ids from 1, so the ids of later daemons are rewritten, and an answer reaches only the daemon that asked.
 */

import { rawAt, type Span, textAt } from '../protocol/json-scan.ts';
import { notificationLine } from '../protocol/jsonrpc.ts';
import type { Message } from '../protocol/message.ts';
import { Splice } from '../protocol/splice.ts';
import type { Verdict } from './line-gate.ts';

const PREFIX = 'mcp-anywhere:';

export class ServerRequests {
  /** The ids of pending requests, as the client sees them. */
  readonly #asked = new Set<string>();
  #generation = 0;

  /** True if ids are rewritten, which needs whole lines. */
  get rewrites(): boolean {
    return this.#generation > 0;
  }

  /** A request of the daemon. */
  asked(request: Message): Verdict {
    if (request.id === undefined) return 'pass';
    const known = this.#known(request.idText);
    this.#asked.add(known);
    return this.rewrites ? replaced(request, request.id, known) : 'pass';
  }

  /** An answer of the client. An answer to a daemon that is gone is dropped. */
  answered(reply: Message): Verdict {
    this.#asked.delete(reply.idText);
    if (!this.rewrites || reply.id === undefined) return 'pass';
    const own = this.#own(textAt(reply.bytes, reply.id));
    return own === undefined ? 'drop' : replaced(reply, reply.id, own);
  }

  /** An answer that is too long to be read. */
  answeredLong(idText: string): void {
    this.#asked.delete(idText);
  }

  /** `notifications/cancelled` of the daemon. */
  cancelled(notification: Message): Verdict {
    const span = notification.param('requestId');
    if (span === undefined) return 'pass';
    const known = this.#known(rawAt(notification.bytes, span));
    this.#asked.delete(known);
    return this.rewrites ? replaced(notification, span, known) : 'pass';
  }

  /** The daemon is gone. Returns the cancellations of its requests, as lines for the client. */
  lost(): readonly Buffer[] {
    const asked = [...this.#asked];
    this.#asked.clear();
    this.#generation += 1;
    const why = JSON.stringify('the daemon that asked has ended');
    return asked.map((id) =>
      Buffer.concat([
        ...notificationLine('notifications/cancelled', `{"requestId":${id},"reason":${why}}`),
        Buffer.from('\n'),
      ]),
    );
  }

  #known(idText: string): string {
    return this.rewrites ? JSON.stringify(`${PREFIX}${this.#generation}:${idText}`) : idText;
  }

  #own(known: string | undefined): string | undefined {
    const mark = `${PREFIX}${this.#generation}:`;
    return known?.startsWith(mark) === true ? known.slice(mark.length) : undefined;
  }
}

function replaced(message: Message, span: Span, text: string): Buffer {
  return Buffer.concat(new Splice(message.bytes, [{ span, text }]).pieces);
}
