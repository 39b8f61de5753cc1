/** What servers send to their client by themselves: requests, notifications, and URIs in their answers. */
import { type AnywhereError, asAnywhereError } from '../base/errors.ts';
import type { Scope } from '../base/scope.ts';
import { RunningRequest } from '../calls/call.ts';
import type { UriAliases } from '../catalog/alias.ts';
import { aliasEdit } from '../catalog/result-uris.ts';
import type { ServerPlan } from '../config/plan.ts';
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
import { splice } from '../protocol/splice.ts';
import type { Instance } from '../upstream/instance.ts';
import { cancellationOf } from './cancellation.ts';
import { RunningRequests } from './requests.ts';
import { Tasks } from './tasks.ts';

/** They name a task that the client runs. */
const TASK_REQUESTS: ReadonlySet<string> = new Set(['tasks/get', 'tasks/result', 'tasks/cancel']);

export interface ServerSideDeps {
  readonly scope: Scope;
  readonly catalog: { readonly aliases: UriAliases };
  readonly onListChanged: (instance: Instance) => void;
}

/** The client, as this side needs it. */
export interface ServerSideClient {
  readonly peer: Peer;
  readonly tasks: Tasks;
  /** The names of its capabilities. */
  readonly capabilities: () => readonly string[];
}

export class ServerSide {
  readonly #client: ServerSideClient;
  readonly #deps: ServerSideDeps;
  /** Each server counts its requests for itself. */
  readonly #running = new Map<Instance, RunningRequests>();
  /** Tasks that the client runs, by the instance that asked for each. */
  readonly #clientTasks = new Tasks();
  #logLevel: McpLogLevel | undefined;

  constructor(client: ServerSideClient, deps: ServerSideDeps) {
    this.#client = client;
    this.#deps = deps;
  }

  get logLevel(): McpLogLevel | undefined {
    return this.#logLevel;
  }

  /** False where there is no such level. */
  setLogLevel(level: string | undefined): boolean {
    if (!isMcpLogLevel(level)) return false;
    this.#logLevel = level;
    return true;
  }

  /** Sampling, elicitation, roots and whatever comes: to the one client this instance works for. */
  request(instance: Instance, request: Message): Promise<void> | undefined {
    const needed = SERVER_REQUESTS.get(request.method);
    if (needed !== undefined && !this.#client.capabilities().includes(needed))
      instance.peer.replyError(request, RPC.methodNotFound, `this client has no ${needed} capability`);
    else if (TASK_REQUESTS.has(request.method) && this.askerOf(request.paramText('taskId')) !== instance)
      instance.peer.replyError(request, RPC.invalidParams, 'this server has asked for no such task');
    else return this.#relay(instance, request);
    return undefined;
  }

  notification(instance: Instance, notification: Message): void {
    switch (SERVER_NOTIFICATIONS.get(notification.method) ?? 'pass') {
      case 'relist':
        this.#deps.onListChanged(instance);
        return;
      case 'resource':
        this.#updated(instance.server, notification);
        return;
      case 'log':
        if (this.#wants(notification)) this.#client.peer.send([notification.bytes]);
        return;
      case 'cancel':
        this.#cancel(instance, notification);
        return;
      case 'task':
        this.#status(instance, notification);
        return;
      case 'pass':
        this.#client.peer.send([notification.bytes]);
    }
  }

  /** Of a task of this very instance: a server must not be able to speak for another's. */
  #status(instance: Instance, notification: Message): void {
    this.#client.tasks.learnFromStatus(notification, instance);
    const taskId = notification.paramText('taskId') ?? '';
    if (this.#client.tasks.instanceOf(taskId) === instance) this.#client.peer.send([notification.bytes]);
  }

  /** The instance for which the client runs this task. */
  askerOf(taskId: string | undefined): Instance | undefined {
    return taskId === undefined ? undefined : this.#clientTasks.instanceOf(taskId);
  }

  forget(instance: Instance): void {
    this.#clientTasks.forget(instance);
  }

  close(cause: AnywhereError): void {
    for (const running of this.#running.values()) running.cancelAll(cause);
  }

  async #relay(instance: Instance, request: Message): Promise<void> {
    const running = this.#runningOf(instance);
    const id = request.idKey;
    const { signal } = running.add(id, new RunningRequest(request));
    // A person answers these, and no call may fail for that.
    const goOn = instance.holdDeadlines();
    try {
      // People answer these: the server's own patience is the only limit.
      const options = { timeoutMs: Number.POSITIVE_INFINITY, signal };
      const reply = await forwardRequest(request, [], this.#client.peer, instance.peer, options);
      this.#clientTasks.learnFrom(reply, instance);
      instance.peer.respond(request, asReplyTo(request, reply));
    } catch (error) {
      // A cancelled request gets no answer (MCP, utilities/cancellation).
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

  /** One that names no resource is for nobody. */
  #updated(server: ServerPlan, notification: Message): void {
    const edit = aliasEdit(notification.bytes, notification.param('uri'), server, this.#deps.catalog.aliases);
    if (edit !== undefined) this.#client.peer.send(splice(notification.bytes, [edit]));
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
