/**
 * The session of one AI client: speaks MCP with it, and for it with the instances that work for it.
 * Which method goes where is said by `protocol/methods.ts`.
 */

import type { Clock } from '../base/clock.ts';
import type { AnywhereError } from '../base/errors.ts';
import type { Call, CallObserver } from '../calls/call.ts';
import { RPC } from '../protocol/jsonrpc.ts';
import type { Message } from '../protocol/message.ts';
import { CLIENT_NOTIFICATIONS, isNotification } from '../protocol/methods.ts';
import { Peer } from '../protocol/peer.ts';
import type { Line } from '../protocol/splice.ts';
import { BATCH_VERSION, LATEST_PROTOCOL_VERSION } from '../protocol/versions.ts';
import type { MessageWriter } from '../protocol/writer.ts';
import type { Instance, InstanceOwner } from '../upstream/instance.ts';
import { cancellationOf } from './cancellation.ts';
import { ClientSide, type ClientSideDeps } from './client-side.ts';
import { answeredEarly, type ClientHello, helloResult, type Offer, readClientHello } from './hello.ts';
import { MergedLists } from './merged-lists.ts';
import { refuseNullId } from './requests.ts';
import { ServerSide } from './server-side.ts';
import { Tasks } from './tasks.ts';

export interface SessionDeps extends ClientSideDeps {
  readonly clock: Clock;
  readonly version: string;
  /** What is known of the servers, for `initialize`. */
  readonly offer: (profile: string | undefined) => Offer;
  /** A command of ours: it is shown what servers listed last, for whomever, so that it need not start them for its own profile. */
  readonly isCommand?: boolean;
  /** The client is known now: servers can be started for it. */
  readonly onHello: (session: ClientSession) => void;
  /** Told of this client's calls, beside everybody's observers. */
  readonly observer?: CallObserver | undefined;
  /** When the client connected, wall clock. */
  readonly sinceMs: (session: ClientSession) => number;
  /** Live instances that work for this session. */
  readonly instancesOf: (session: ClientSession) => readonly Instance[];
  readonly onListChanged: (instance: Instance) => void;
  /** The client sent a request without an id: nobody could be answered, so it is not carried out. */
  readonly onDropped: (client: string, method: string) => void;
}

const UNKNOWN_CLIENT = '{"name":"mcp-anywhere","version":"0"}';

export class ClientSession implements InstanceOwner {
  readonly id: string;
  readonly peer: Peer;
  readonly #deps: SessionDeps;
  readonly #lists: MergedLists;
  readonly #tasks: Tasks;
  readonly #clientSide: ClientSide;
  readonly #serverSide: ServerSide;
  #hello: ClientHello | undefined;

  constructor(id: string, writer: MessageWriter, deps: SessionDeps) {
    this.id = id;
    this.#deps = deps;
    this.#tasks = new Tasks(deps.clock);
    const handler = {
      request: (message: Message) => {
        if (this.#hello !== undefined || !answeredEarly(this.peer, message)) this.#clientSide.answer(message);
      },
      notification: (message: Message) => {
        this.#notification(message);
      },
      // A reply to a request that was cancelled meanwhile.
      stray: () => undefined,
    };
    this.peer = new Peer(writer, handler, deps.clock);
    this.#lists = new MergedLists({
      ...deps,
      peer: this.peer,
      profile: () => this.profile,
      firstListReady: () => deps.waits.firstListReady(deps.sinceMs(this)),
    });
    this.#serverSide = new ServerSide(
      { peer: this.peer, tasks: this.#tasks, capabilities: () => this.#hello?.capabilityNames ?? [] },
      deps,
    );
    this.#clientSide = new ClientSide(
      {
        id,
        owner: this,
        peer: this.peer,
        lists: this.#lists,
        tasks: this.#tasks,
        profile: () => this.profile,
        observer: deps.observer,
        instances: () => deps.instancesOf(this),
        answerHere: (request) => {
          this.#answerHere(request);
        },
      },
      deps,
    );
  }

  get hello(): ClientHello | undefined {
    return this.#hello;
  }

  /** Which of the catalog's listings are its own; undefined: always the latest. */
  get profile(): string | undefined {
    return this.#deps.isCommand === true ? undefined : (this.#hello?.profile ?? '');
  }

  get clientInfo(): string {
    return this.#hello?.clientInfo ?? UNKNOWN_CLIENT;
  }

  get capabilities(): string {
    return this.#hello?.capabilities ?? '{}';
  }

  get protocolVersion(): string {
    return this.#hello?.protocolVersion ?? LATEST_PROTOCOL_VERSION;
  }

  get logLevel(): string | undefined {
    return this.#serverSide.logLevel;
  }

  get instances(): readonly Instance[] {
    return this.#deps.instancesOf(this);
  }

  /** Its tools/calls that have not been answered yet. */
  get calls(): readonly Call[] {
    return this.#clientSide.calls;
  }

  /** The client waits for an answer. */
  get isBusy(): boolean {
    return this.#clientSide.isBusy;
  }

  get takesBatches(): boolean {
    return this.#hello?.protocolVersion === BATCH_VERSION;
  }

  receive(message: Message): void {
    this.peer.receive(message);
  }

  receiveBatch(messages: readonly Message[], refusals: readonly Line[]): void {
    this.peer.receiveBatch(messages, refusals);
  }

  giveUp(error: AnywhereError): void {
    this.#clientSide.giveUp(error);
  }

  failReply(id: number, error: AnywhereError): void {
    this.peer.fail(id, error);
  }

  serverRequest(instance: Instance, request: Message): Promise<void> | undefined {
    return this.#serverSide.request(instance, request);
  }

  serverNotification(instance: Instance, notification: Message): void {
    this.#serverSide.notification(instance, notification);
  }

  instanceReady(instance: Instance): void {
    instance.setLogLevel(this.logLevel);
  }

  instanceEnded(instance: Instance): void {
    this.#tasks.forget(instance);
  }

  /** True where this client started the task on that instance. */
  hasTask(taskId: string, instance: Instance): boolean {
    return this.#tasks.ofServers.of(instance, taskId) !== undefined;
  }

  /** The client is gone: what runs for it is cancelled on the servers. */
  close(cause: AnywhereError): void {
    this.#clientSide.close(cause);
    this.#serverSide.close(cause);
    this.#lists.close();
    this.peer.close(cause);
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
    this.peer.reply(request, helloResult(hello, this.#deps.version, this.#deps.offer(this.profile)));
    this.#deps.onHello(this);
  }

  #setLogLevel(request: Message): void {
    const level = request.paramText('level');
    if (!this.#serverSide.setLogLevel(level)) {
      this.peer.replyError(request, RPC.invalidParams, `unknown log level ${JSON.stringify(level)}`);
      return;
    }
    for (const instance of this.#deps.instancesOf(this)) instance.owner.instanceReady(instance);
    this.peer.reply(request, '{}');
  }

  #notification(notification: Message): void {
    if (refuseNullId(this.peer, notification)) return;
    const cancelled = cancellationOf(notification);
    if (cancelled !== undefined) this.#clientSide.cancel(cancelled.key, cancelled.reason);
    else if (!isNotification(notification)) this.#deps.onDropped(this.id, notification.method);
    else if (CLIENT_NOTIFICATIONS.get(notification.method) === 'task') this.#taskStatus(notification);
    else
      for (const instance of this.#listenersTo(notification))
        instance.peer.send(notification.withEdits(this.#tasks.toServer.paramEdits(instance, notification)));
  }

  /** Of a task that the client runs: to the instance that asked for the task. */
  #taskStatus(status: Message): void {
    for (const { instance } of this.#tasks.ofClient.withId(status.paramText('taskId') ?? '')) {
      const edits = this.#tasks.toServer.statusEdits(instance, status);
      if (edits !== undefined) instance.peer.send(status.withEdits(edits));
    }
  }

  /** What we do not know goes to the sole server that could know it. */
  #listenersTo(notification: Message): readonly Instance[] {
    const instances = this.#deps.instancesOf(this);
    switch (CLIENT_NOTIFICATIONS.get(notification.method)) {
      case 'here':
      case 'cancel':
      case 'task':
        return [];
      case 'own-servers':
        return instances.filter(({ owner }) => owner === this);
      case undefined:
        return instances.filter(({ server }) => server === this.#deps.router.soleServer);
    }
  }
}
