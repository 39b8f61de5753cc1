/** An MCP client in this process: the control API calls tools through an ordinary session, under the same rules as AI clients. */
import { Writable } from 'node:stream';
import type { Clock } from '../base/clock.ts';
import { AnywhereError } from '../base/errors.ts';
import type { CallObserver } from '../calls/call.ts';
import type { Route } from '../catalog/route.ts';
import { RPC, requestLine } from '../protocol/jsonrpc.ts';
import type { Message } from '../protocol/message.ts';
import { LATEST_PROTOCOL_VERSION } from '../protocol/methods.ts';
import { Peer } from '../protocol/peer.ts';
import type { RequestOptions } from '../protocol/pending-request.ts';
import { MessageReader } from '../protocol/reader.ts';
import { MessageWriter } from '../protocol/writer.ts';
import type { ClientSession } from './session.ts';

export interface LocalClientDeps {
  readonly clock: Clock;
  readonly version: string;
  readonly open: (writer: MessageWriter, observer: CallObserver) => ClientSession;
}

export interface LocalCallOptions extends RequestOptions {
  /** Goes into the call's `_meta`. */
  readonly meta?: object;
  /** Gets the member of a pool that is to answer, at each attempt. */
  readonly onMember?: (member: Route) => void;
}

export class LocalClient {
  readonly session: ClientSession;
  readonly #peer: Peer;
  /** By request id. */
  readonly #onMember = new Map<string, (member: Route) => void>();
  /** Why no server answered, by request id: an AI client gets this as a result in words, and a command needs the code. */
  readonly #failures = new Map<string, AnywhereError>();

  constructor(deps: LocalClientDeps) {
    this.session = deps.open(
      new MessageWriter(
        intoReader((message) => {
          this.#peer.receive(message);
        }),
      ),
      {
        began: ({ request, route }) => this.#onMember.get(request.idText)?.(route),
        ended: ({ request }, outcome) => {
          if (outcome instanceof AnywhereError) this.#failures.set(request.idText, outcome);
        },
      },
    );
    const toSession = intoReader((message) => {
      this.session.peer.receive(message);
    });
    this.#peer = new Peer(
      new MessageWriter(toSession),
      {
        request: (request) => {
          this.#peer.replyError(request, RPC.methodNotFound, 'this client is a command and answers no requests');
        },
        notification: () => undefined,
        stray: () => undefined,
      },
      deps.clock,
    );
    const clientInfo = { name: 'mcp-anywhere-cli', version: deps.version };
    const params = JSON.stringify({ protocolVersion: LATEST_PROTOCOL_VERSION, capabilities: {}, clientInfo });
    this.#peer
      .request('initialize', params, { timeoutMs: Number.POSITIVE_INFINITY, cancellable: false })
      .catch(() => undefined);
    this.#peer.notify('notifications/initialized');
  }

  /**
   * One tools/call, asking for progress. `args` is JSON text.
   *
   * @throws AnywhereError why no server answered
   */
  async callTool(name: string, args: string, { meta, onMember, ...options }: LocalCallOptions): Promise<Message> {
    let idText = '';
    const build = (id: number): readonly Buffer[] => {
      idText = String(id);
      if (onMember !== undefined) this.#onMember.set(idText, onMember);
      return requestLine(
        id,
        'tools/call',
        `{"name":${JSON.stringify(name)},"arguments":${args},"_meta":${JSON.stringify({ ...meta, progressToken: id })}}`,
      );
    };
    try {
      const reply = await this.#peer.forward({ method: 'tools/call', withId: build }, options);
      const failure = this.#failures.get(idText);
      if (failure !== undefined) throw failure;
      return reply;
    } finally {
      this.#onMember.delete(idText);
      this.#failures.delete(idText);
    }
  }

  close(): void {
    this.#peer.close(new AnywhereError('CANCELLED', 'the command has ended'));
  }
}

function intoReader(onMessage: (message: Message) => void): Writable {
  const reader = new MessageReader(
    {
      message: onMessage,
      batch: ({ messages }) => {
        for (const message of messages) onMessage(message);
      },
      refused: () => undefined,
      noise: () => undefined,
      overflow: () => undefined,
      oversized: () => undefined,
    },
    Number.POSITIVE_INFINITY,
  );
  return new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      reader.push(chunk);
      done();
    },
  });
}
