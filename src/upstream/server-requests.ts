/** What a server asks of its client. One that never answers costs only that server: what is too much is refused at once. */
import { RPC } from '../protocol/jsonrpc.ts';
import type { Message } from '../protocol/message.ts';
import type { Peer } from '../protocol/peer.ts';
import type { Chatter } from './chatter.ts';
import { type InstanceDeps, limitsOf } from './instance-deps.ts';

export class ServerRequests {
  readonly #deps: Pick<InstanceDeps<never>, 'scope' | 'limits'>;
  readonly #peer: Peer;
  readonly #chatter: Chatter;
  readonly #answer: (request: Message) => Promise<void> | undefined;
  #unanswered = 0;

  /** @param answer as `InstanceOwner.serverRequest` */
  constructor(
    deps: Pick<InstanceDeps<never>, 'scope' | 'limits'>,
    peer: Peer,
    chatter: Chatter,
    answer: (request: Message) => Promise<void> | undefined,
  ) {
    this.#deps = deps;
    this.#peer = peer;
    this.#chatter = chatter;
    this.#answer = answer;
  }

  take(request: Message): void {
    this.#chatter.heard();
    if (request.method === 'ping') this.#peer.reply(request, '{}');
    else this.#ask(request);
  }

  #ask(request: Message): void {
    const { serverRequests, logLinesPerSecond } = limitsOf(this.#deps);
    if (this.#unanswered >= serverRequests)
      this.#refuse(request, `${serverRequests} requests of this server wait for the client already`);
    else if (!this.#chatter.allowsRequest())
      this.#refuse(request, `this server sends more than ${logLinesPerSecond} requests a second`);
    else this.#deps.scope.run(this.#asked(request));
  }

  async #asked(request: Message): Promise<void> {
    this.#unanswered += 1;
    try {
      await this.#answer(request);
    } finally {
      this.#unanswered -= 1;
    }
  }

  #refuse(request: Message, why: string): void {
    this.#peer.replyError(request, RPC.internalError, `refused: ${why}`);
  }
}
