/** An MCP client in this process: how the control API uses the same session, and the same rules, as any AI client. */
import { Writable } from 'node:stream';
import type { Clock } from '../base/clock.ts';
import { AnywhereError } from '../base/errors.ts';
import { RPC, requestLine } from '../protocol/jsonrpc.ts';
import type { Message } from '../protocol/message.ts';
import { Peer, type RequestOptions } from '../protocol/peer.ts';
import { MessageReader } from '../protocol/reader.ts';
import { LATEST_PROTOCOL_VERSION } from '../protocol/versions.ts';
import { MessageWriter } from '../protocol/writer.ts';
import type { ClientSession } from './session.ts';

export interface LocalClientDeps {
  readonly clock: Clock;
  readonly version: string;
  readonly open: (writer: MessageWriter) => ClientSession;
}

export class LocalClient {
  readonly session: ClientSession;
  readonly #peer: Peer;

  constructor(deps: LocalClientDeps) {
    this.session = deps.open(
      new MessageWriter(
        intoReader((message) => {
          this.#peer.receive(message);
        }),
      ),
    );
    const toSession = intoReader((message) => {
      this.session.receive(message);
    });
    this.#peer = new Peer(
      new MessageWriter(toSession),
      {
        request: (request) => {
          this.#peer.replyError(request, RPC.methodNotFound, 'a command answers no requests');
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

  /** One tools/call, asking for progress. `args` is JSON text. */
  callTool(name: string, args: string, options: RequestOptions): Promise<Message> {
    const build = (id: number): readonly Buffer[] =>
      requestLine(
        id,
        'tools/call',
        `{"name":${JSON.stringify(name)},"arguments":${args},"_meta":{"progressToken":${id}}}`,
      );
    return this.#peer.forward('tools/call', build, options);
  }

  close(): void {
    this.#peer.close(new AnywhereError('CANCELLED', 'the command has ended'));
  }
}

function intoReader(onMessage: (message: Message) => void): Writable {
  const reader = new MessageReader(
    {
      message: onMessage,
      batch: (messages) => {
        for (const message of messages) onMessage(message);
      },
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
