/**
 * The session of one AI client: speaks MCP with the client, and with instances on behalf of the client.
 * `protocol/methods.ts` says how each method is handled.
 */

import type { Clock } from '../base/clock.ts';
import type { AnywhereError } from '../base/errors.ts';
import type { Call, CallObserver } from '../calls/call.ts';
import { RPC } from '../protocol/jsonrpc.ts';
import type { Message } from '../protocol/message.ts';
import { BATCH_VERSION, CLIENT_NOTIFICATIONS, isNotification, LATEST_PROTOCOL_VERSION } from '../protocol/methods.ts';
import { Peer } from '../protocol/peer.ts';
import type { MessageWriter } from '../protocol/writer.ts';
import type { Instance, InstanceOwner } from '../upstream/instance.ts';
import { ClientSide, type ClientSideDeps } from './client-side.ts';
import { answeredEarly, BAD_INITIALIZE, type ClientHello, helloResult, type Offer, readClientHello } from './hello.ts';
import { MergedLists } from './merged-lists.ts';
import { cancellationOf, refuseNullId } from './requests.ts';
import { ServerSide } from './server-side.ts';
import { Tasks } from './tasks.ts';

export interface SessionDeps extends ClientSideDeps {
  readonly clock: Clock;
  readonly version: string;
  /** What the servers offer, for `initialize`. */
  readonly offer: (profile: string | undefined) => Offer;
  /** One of our own commands: gets the latest listings of any client, so that no server must start for the command's profile. */
  readonly isCommand?: boolean;
  /** The client sent `initialize`: its servers can start. */
  readonly onHello: (session: ClientSession) => void;
  /** Observes this client's calls, in addition to the gateway's observers. */
  readonly observer?: CallObserver | undefined;
  /** When the client connected, wall clock. */
  readonly sinceMs: (session: ClientSession) => number;
  /** The live instances of this session. */
  readonly instancesOf: (session: ClientSession) => readonly Instance[];
  readonly onListChanged: (instance: Instance) => void;
  /** The client sent a request without an id, which is dropped: it cannot be answered. */
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
      // A late reply to a cancelled request.
      stray: () => undefined,
    };
    this.peer = new Peer(writer, handler, deps.clock);
    this.#lists = new MergedLists({
      ...deps,
      peer: this.peer,
      profile: () => this.profile,
      firstListReady: (collection) => deps.waits.firstListReady(deps.sinceMs(this), collection),
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

  /** Selects the catalog's listings for this client; undefined: the latest listings. */
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

  /** Pending tools/calls. */
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

  giveUp(error: AnywhereError): void {
    this.#clientSide.giveUp(error);
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

  /** Whether this client started the task on the instance. */
  hasTask(taskId: string, instance: Instance): boolean {
    return this.#tasks.ofServers.of(instance, taskId) !== undefined;
  }

  /** The client is gone: its pending requests are cancelled on the servers. */
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
      this.peer.replyError(request, RPC.invalidParams, BAD_INITIALIZE);
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

  /** The status of a task that the client runs, for the instance that asked for the task. */
  #taskStatus(status: Message): void {
    for (const { instance } of this.#tasks.ofClient.withId(status.paramText('taskId') ?? '')) {
      const edits = this.#tasks.toServer.statusEdits(instance, status);
      if (edits !== undefined) instance.peer.send(status.withEdits(edits));
    }
  }

  /** An unknown notification goes to the sole server, where there is exactly one. */
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
