/**
 * The session of one AI client: speaks MCP with it, and for it with the instances that work for it.
 * Which method goes where is said by `protocol/methods.ts`.
 */
import { AnywhereError, asAnywhereError } from '../base/errors.ts';
import type { Clock } from '../base/clock.ts';
import type { Catalog } from '../catalog/catalog.ts';
import type { CallHandler } from '../policy/interceptor.ts';
import { RPC } from '../protocol/jsonrpc.ts';
import { rawAt } from '../protocol/json-scan.ts';
import type { Message } from '../protocol/message.ts';
import { CLIENT_NOTIFICATIONS, CLIENT_REQUESTS, type ClientRequestRule } from '../protocol/methods.ts';
import { Peer } from '../protocol/peer.ts';
import { asReplyTo } from '../protocol/relay.ts';
import type { MessageWriter } from '../protocol/writer.ts';
import type { Router } from '../routing/router.ts';
import type { Instance, InstanceOwner } from '../upstream/instance.ts';
import { failedCallResult, failureCode, failureText } from './failure.ts';
import { type ClientHello, helloResult, readClientHello } from './hello.ts';
import { MergedLists } from './merged-lists.ts';
import { RunningRequests } from './requests.ts';
import { ServerSide } from './server-side.ts';
import { type Destination, Destinations } from './destinations.ts';

export interface SessionDeps {
  readonly clock: Clock;
  readonly catalog: Catalog;
  readonly router: Router;
  /** tools/call with everything around it: policy, audit, metrics; at its core the way to the server. */
  readonly callTool: CallHandler;
  /** The same way for the other requests that a server answers. */
  readonly forward: (session: ClientSession, request: Message, destination: Destination, signal: AbortSignal) => Promise<Message>;
  readonly nextCallId: () => number;
  readonly version: string;
  readonly instructions: () => string | undefined;
  /** The client is known now: servers can be started for it. */
  readonly onHello: (session: ClientSession) => void;
  readonly firstListReady: (session: ClientSession) => Promise<void>;
  /** Live instances that work for this session. */
  readonly instancesOf: (session: ClientSession) => readonly Instance[];
  readonly onListChanged: (instance: Instance) => void;
}

const DEFAULT_INFO = '{"name":"mcp-anywhere","version":"0"}';

export class ClientSession implements InstanceOwner {
  readonly id: string;
  readonly peer: Peer;
  readonly #deps: SessionDeps;
  readonly #running = new RunningRequests();
  readonly #lists: MergedLists;
  readonly #serverSide: ServerSide;
  readonly #destinations: Destinations;
  #hello: ClientHello | undefined;

  constructor(id: string, writer: MessageWriter, deps: SessionDeps) {
    this.id = id;
    this.#deps = deps;
    this.peer = new Peer(
      writer,
      {
        request: (message) => {
          this.#request(message);
        },
        notification: (message) => {
          this.#notification(message);
        },
        // A reply to a request that was cancelled meanwhile.
        stray: () => undefined,
      },
      deps.clock,
    );
    this.#lists = new MergedLists({ ...deps, peer: this.peer, firstListReady: () => deps.firstListReady(this) });
    this.#serverSide = new ServerSide(this.peer, deps.catalog.aliases, deps.onListChanged);
    this.#destinations = new Destinations(deps.router, deps.catalog.aliases);
  }

  get hello(): ClientHello | undefined {
    return this.#hello;
  }

  get clientInfo(): string {
    return this.#hello?.clientInfo ?? DEFAULT_INFO;
  }

  get capabilities(): string {
    return this.#hello?.capabilities ?? '{}';
  }

  /** The level the client asked for, as `logging/setLevel` params; servers that come up later get it too. */
  get logLevelParams(): string | undefined {
    return this.#serverSide.logLevel === undefined ? undefined : JSON.stringify({ level: this.#serverSide.logLevel });
  }

  receive(message: Message): void {
    this.peer.receive(message);
  }

  serverRequest(instance: Instance, request: Message): void {
    this.#serverSide.request(instance, request);
  }

  serverNotification(instance: Instance, notification: Message): void {
    this.#serverSide.notification(instance, notification);
  }

  /** The client is gone: what runs for it is cancelled on the servers. */
  close(cause: AnywhereError): void {
    this.#running.cancelAll(cause);
    this.#serverSide.close(cause);
    this.#lists.close();
    this.peer.close(cause);
  }

  #request(request: Message): void {
    const rule = CLIENT_REQUESTS.get(request.method);
    if (rule === undefined) this.peer.replyError(request, RPC.methodNotFound, `method not found: ${request.method}`);
    else this.#answer(request, rule);
  }

  #answer(request: Message, rule: ClientRequestRule): void {
    if (rule.kind === 'here') this.#answerHere(request);
    else if (rule.kind === 'list') void this.#guarded(request, () => this.#lists.answer(request, rule.collection));
    else if (request.method === 'tools/call') void this.#guarded(request, (signal) => this.#callTool(request, signal));
    else void this.#guarded(request, (signal) => this.#forward(request, rule, signal));
  }

  #answerHere(request: Message): void {
    if (request.method === 'initialize') this.#initialize(request);
    else if (request.method === 'ping') this.peer.reply(request, '{}');
    else this.#setLogLevel(request);
  }

  #initialize(request: Message): void {
    const hello = readClientHello(request);
    if (hello === undefined) {
      this.peer.replyError(request, RPC.invalidParams, 'initialize needs protocolVersion, capabilities and clientInfo');
      return;
    }
    this.#hello = hello;
    this.peer.reply(request, helloResult(hello, this.#deps.version, this.#deps.instructions()));
    this.#deps.onHello(this);
  }

  #setLogLevel(request: Message): void {
    const level = request.paramText('level');
    if (!this.#serverSide.setLogLevel(level)) {
      this.peer.replyError(request, RPC.invalidParams, `unknown log level ${JSON.stringify(level)}`);
      return;
    }
    for (const instance of this.#deps.instancesOf(this)) applyLogLevel(instance, this.logLevelParams);
    this.peer.reply(request, '{}');
  }

  async #callTool(request: Message, signal: AbortSignal): Promise<void> {
    const name = request.paramText('name') ?? '';
    const route = this.#deps.router.named('tools', name);
    if (route === undefined) {
      const why = this.#deps.router.whyUnknown(name);
      if (why === undefined) this.peer.replyError(request, RPC.invalidParams, `unknown tool: ${name}`);
      else this.peer.reply(request, failedCallResult(why));
      return;
    }
    try {
      const call = { id: this.#deps.nextCallId(), client: this.id, owner: this, peer: this.peer, route, request, signal };
      const reply = await this.#deps.callTool(call);
      this.peer.send(asReplyTo(request, reply, this.#serverSide.resultEdits(reply, route.server)));
    } catch (error) {
      // A cancelled request gets no answer (MCP, utilities/cancellation).
      if (!signal.aborted) this.peer.reply(request, failedCallResult(asAnywhereError(error).at({ tool: route.original })));
    }
  }

  async #forward(request: Message, rule: ClientRequestRule, signal: AbortSignal): Promise<void> {
    const destination = this.#destinations.of(request, rule);
    const reply = await this.#deps.forward(this, request, destination, signal);
    if (!signal.aborted) this.peer.send(asReplyTo(request, reply, this.#serverSide.resultEdits(reply, destination.server)));
  }

  /** Runs the answer to one request; whatever goes wrong becomes an error for that request alone. */
  async #guarded(request: Message, answer: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const id = request.idText;
    const signal = this.#running.begin(id);
    try {
      await answer(signal);
    } catch (thrown) {
      const error = asAnywhereError(thrown);
      if (!signal.aborted) this.peer.replyError(request, failureCode(error), failureText(error));
    } finally {
      this.#running.end(id);
    }
  }

  #notification(notification: Message): void {
    const rule = CLIENT_NOTIFICATIONS.get(notification.method);
    if (rule === 'cancel') this.#cancel(notification);
    else if (rule !== 'here') for (const instance of this.#deps.instancesOf(this)) instance.peer.send([notification.bytes]);
  }

  #cancel(notification: Message): void {
    const id = notification.param('requestId');
    const reason = notification.paramText('reason') ?? 'cancelled by the client';
    if (id !== undefined) this.#running.cancel(rawAt(notification.bytes, id), new AnywhereError('CANCELLED', reason));
  }
}

/** Servers without `logging` are left alone. The answer says nothing, so nobody waits for it. */
export function applyLogLevel(instance: Instance, params: string | undefined): void {
  if (params === undefined || instance.hello?.capabilities['logging'] === undefined) return;
  instance.peer.request('logging/setLevel', params, { timeoutMs: instance.server.timeoutMs }).catch(() => undefined);
}
