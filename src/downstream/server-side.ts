/** Passes the requests and notifications of servers on to their client. */
import { type AnywhereError, asAnywhereError } from '../base/errors.ts';
import type { Scope } from '../base/scope.ts';
import { RunningRequest } from '../calls/call.ts';
import { aliasEdit, type UriAliases } from '../catalog/alias.ts';
import { RPC } from '../protocol/jsonrpc.ts';
import type { Message } from '../protocol/message.ts';
import {
  isMcpLogLevel,
  LOG_LEVELS,
  type McpLogLevel,
  SERVER_NOTIFICATIONS,
  SERVER_REQUESTS,
} from '../protocol/methods.ts';
import type { Peer } from '../protocol/peer.ts';
import { asReplyTo, forwardRequest } from '../protocol/relay.ts';
import { type Edit, splice } from '../protocol/splice.ts';
import type { Instance } from '../upstream/instance.ts';
import { cancellationOf, RunningRequests } from './requests.ts';
import type { Tasks } from './tasks.ts';

/** Requests about a task that the client runs. */
const TASK_REQUESTS: ReadonlySet<string> = new Set(['tasks/get', 'tasks/result', 'tasks/cancel']);

export interface ServerSideDeps {
  readonly scope: Scope;
  readonly catalog: { readonly aliases: UriAliases };
  readonly onListChanged: (instance: Instance) => void;
}

/** The client of this side. */
export interface ServerSideClient {
  readonly peer: Peer;
  readonly tasks: Tasks;
  /** The names of the client's capabilities. */
  readonly capabilities: () => readonly string[];
}

export class ServerSide {
  readonly #client: ServerSideClient;
  readonly #deps: ServerSideDeps;
  /** By instance: request ids of different servers may be equal. */
  readonly #running = new Map<Instance, RunningRequests>();
  #logLevel: McpLogLevel | undefined;

  constructor(client: ServerSideClient, deps: ServerSideDeps) {
    this.#client = client;
    this.#deps = deps;
  }

  get logLevel(): McpLogLevel | undefined {
    return this.#logLevel;
  }

  /** False for an unknown level. */
  setLogLevel(level: string | undefined): boolean {
    if (!isMcpLogLevel(level)) return false;
    this.#logLevel = level;
    return true;
  }

  /** Passes a request (sampling, elicitation, roots, or an unknown method) to the client of the instance. */
  request(instance: Instance, request: Message): Promise<void> | undefined {
    const needed = SERVER_REQUESTS.get(request.method);
    if (needed !== undefined && !this.#client.capabilities().includes(needed))
      instance.peer.replyError(request, RPC.methodNotFound, `this client has no ${needed} capability`);
    else {
      const edits = this.#requestEdits(instance, request);
      if (edits !== undefined) return this.#relay(instance, request, edits);
      instance.peer.replyError(request, RPC.invalidParams, 'unknown task: this server did not ask for it');
    }
    return undefined;
  }

  /** Undefined where the request names a task of another server. */
  #requestEdits(instance: Instance, request: Message): readonly Edit[] | undefined {
    const { ofClient, toClient } = this.#client.tasks;
    const related = toClient.paramEdits(instance, request);
    if (!TASK_REQUESTS.has(request.method)) return related;
    const span = request.param('taskId');
    const task = ofClient.named(span && request.text(span));
    if (span === undefined || task?.instance !== instance || request.hasTwins()) return undefined;
    return [{ span, text: JSON.stringify(task.id) }, ...related];
  }

  notification(instance: Instance, notification: Message): void {
    switch (SERVER_NOTIFICATIONS.get(notification.method) ?? 'pass') {
      case 'relist':
        this.#deps.onListChanged(instance);
        return;
      case 'resource':
        this.#updated(instance, notification);
        return;
      case 'log':
        if (this.#wants(notification)) this.#pass(instance, notification);
        return;
      case 'cancel':
        this.#cancel(instance, notification);
        return;
      case 'task':
        this.#status(instance, notification);
        return;
      case 'pass':
        this.#pass(instance, notification);
    }
  }

  #pass(instance: Instance, notification: Message): void {
    const edits = this.#client.tasks.toClient.paramEdits(instance, notification);
    this.#client.peer.send(notification.withEdits(edits));
  }

  #status(instance: Instance, notification: Message): void {
    const edits = this.#client.tasks.toClient.statusEdits(instance, notification);
    if (edits !== undefined) this.#client.peer.send(notification.withEdits(edits));
  }

  close(cause: AnywhereError): void {
    for (const running of this.#running.values()) running.cancelAll(cause);
  }

  async #relay(instance: Instance, request: Message, edits: readonly Edit[]): Promise<void> {
    const running = this.#runningOf(instance);
    const id = request.idKey;
    const { signal } = running.add(id, new RunningRequest(request));
    // A person may have to answer: the client's calls do not time out meanwhile, and the request has no timeout.
    const goOn = instance.holdDeadlines();
    try {
      const { toServer } = this.#client.tasks;
      const progressEdits = (progress: Message): readonly Edit[] => toServer.paramEdits(instance, progress);
      const options = { timeoutMs: Number.POSITIVE_INFINITY, signal, progressEdits };
      const reply = await forwardRequest(request, edits, this.#client.peer, instance.peer, options);
      const isList = request.method === 'tasks/list';
      const replyEdits = isList
        ? toServer.listEdits(instance, reply)
        : toServer.replyEdits(instance, request.method, reply);
      instance.peer.respond(request, asReplyTo(request, reply, replyEdits));
    } catch (error) {
      // A cancelled request gets no answer.
      if (signal.aborted) instance.peer.abandon(request);
      else if (instance.isLive) instance.peer.replyError(request, RPC.internalError, asAnywhereError(error).message);
    } finally {
      goOn();
      running.end(id);
    }
  }

  #runningOf(instance: Instance): RunningRequests {
    const known = this.#running.get(instance);
    if (known !== undefined) return known;
    const running = new RunningRequests();
    this.#running.set(instance, running);
    const ended = instance.ended.then((cause) => {
      running.cancelAll(cause);
      this.#running.delete(instance);
    });
    this.#deps.scope.run(ended);
    return running;
  }

  #cancel(instance: Instance, notification: Message): void {
    const cancelled = cancellationOf(notification);
    if (cancelled !== undefined) this.#running.get(instance)?.cancel(cancelled.key, cancelled.reason);
  }

  /** Drops an update without a URI. */
  #updated(instance: Instance, notification: Message): void {
    const { bytes } = notification;
    const edit = aliasEdit(bytes, notification.param('uri'), instance.server, this.#deps.catalog.aliases);
    if (edit === undefined) return;
    this.#client.peer.send(splice(bytes, [edit, ...this.#client.tasks.toClient.paramEdits(instance, notification)]));
  }

  #wants(notification: Message): boolean {
    const level = notification.paramText('level');
    return (
      this.#logLevel === undefined ||
      !isMcpLogLevel(level) ||
      LOG_LEVELS.indexOf(level) >= LOG_LEVELS.indexOf(this.#logLevel)
    );
  }
}
