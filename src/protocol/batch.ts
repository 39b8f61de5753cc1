/** The requests of one batch and their replies, which go back together (JSON-RPC 2.0 section 6; MCP 2025-03-26 only). */
import type { Message } from './message.ts';
import { type Line, type Pieces, piecesOf } from './splice.ts';

const OPEN = Buffer.from('[');
const COMMA = Buffer.from(',');
const CLOSE = Buffer.from(']');

export class Batch {
  readonly #waiting: Set<Message>;
  readonly #replies: Pieces[];
  readonly #send: (pieces: Pieces) => void;

  /** @param refusals replies that are there already */
  constructor(requests: readonly Message[], refusals: readonly Line[], send: (pieces: Pieces) => void) {
    this.#waiting = new Set(requests);
    this.#replies = refusals.map(piecesOf);
    this.#send = send;
    if (requests.length === 0) this.#sendAll();
  }

  /** `reply` is undefined for a request that gets none, because it was cancelled. */
  settle(request: Message, reply: Line | undefined): void {
    if (!this.#waiting.delete(request)) return;
    if (reply !== undefined) this.#replies.push(piecesOf(reply));
    if (this.#waiting.size === 0) this.#sendAll();
  }

  #sendAll(): void {
    if (this.#replies.length > 0) this.#send(this.#joined());
  }

  #joined(): Pieces {
    const inner = this.#replies.flatMap((reply, index) => (index === 0 ? [...reply] : [COMMA, ...reply]));
    return [OPEN, ...inner, CLOSE];
  }
}
