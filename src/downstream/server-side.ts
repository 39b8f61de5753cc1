/** What servers send to their client by themselves: requests, notifications, and URIs in their answers. */
import { AnywhereError, asAnywhereError } from '../base/errors.ts';
import type { UriAliases } from '../catalog/alias.ts';
import { aliasEdit, resultUriEdits } from '../catalog/result-uris.ts';
import type { ServerPlan } from '../config/plan.ts';
import { RPC } from '../protocol/jsonrpc.ts';
import { rawAt } from '../protocol/json-scan.ts';
import type { Message } from '../protocol/message.ts';
import { isMcpLogLevel, LOG_LEVELS, type McpLogLevel, SERVER_NOTIFICATIONS } from '../protocol/methods.ts';
import type { Peer } from '../protocol/peer.ts';
import { asReplyTo, forwardRequest } from '../protocol/relay.ts';
import { type Edit, splice } from '../protocol/splice.ts';
import type { Instance } from '../upstream/instance.ts';
import { RunningRequests } from './requests.ts';

export class ServerSide {
  readonly #client: Peer;
  readonly #aliases: UriAliases;
  readonly #onListChanged: (instance: Instance) => void;
  /** Each server counts its requests for itself. */
  readonly #running = new Map<Instance, RunningRequests>();
  #logLevel: McpLogLevel | undefined;

  constructor(client: Peer, aliases: UriAliases, onListChanged: (instance: Instance) => void) {
    this.#client = client;
    this.#aliases = aliases;
    this.#onListChanged = onListChanged;
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
  request(instance: Instance, request: Message): void {
    void this.#relay(instance, request);
  }

  notification(instance: Instance, notification: Message): void {
    switch (SERVER_NOTIFICATIONS.get(notification.method) ?? 'pass') {
      case 'relist':
        this.#onListChanged(instance);
        return;
      case 'resource':
        this.#client.send(splice(notification.bytes, this.#updatedEdits(notification, instance.server)));
        return;
      case 'log':
        if (this.#wants(notification)) this.#client.send([notification.bytes]);
        return;
      case 'cancel':
        this.#cancel(instance, notification);
        return;
      case 'pass':
        this.#client.send([notification.bytes]);
    }
  }

  /** Public URIs for those that an answer names. */
  resultEdits(reply: Message, server: ServerPlan): readonly Edit[] {
    return reply.result === undefined ? [] : resultUriEdits(reply.bytes, reply.result, server, this.#aliases);
  }

  close(cause: AnywhereError): void {
    for (const running of this.#running.values()) running.cancelAll(cause);
  }

  async #relay(instance: Instance, request: Message): Promise<void> {
    const running = this.#runningOf(instance);
    const id = request.idText;
    const signal = running.begin(id);
    try {
      // People answer these: the server's own patience is the only limit.
      const options = { timeoutMs: Number.POSITIVE_INFINITY, signal };
      const reply = await forwardRequest(request, [], this.#client, instance.peer, options);
      instance.peer.send(asReplyTo(request, reply));
    } catch (error) {
      if (instance.isLive) instance.peer.replyError(request, RPC.internalError, asAnywhereError(error).message);
    } finally {
      running.end(id);
    }
  }

  #runningOf(instance: Instance): RunningRequests {
    const known = this.#running.get(instance);
    if (known !== undefined) return known;
    const running = new RunningRequests();
    this.#running.set(instance, running);
    void instance.ended.then((cause) => {
      running.cancelAll(cause);
      this.#running.delete(instance);
    });
    return running;
  }

  #cancel(instance: Instance, notification: Message): void {
    const id = notification.param('requestId');
    const reason = notification.paramText('reason') ?? 'cancelled by the server';
    if (id !== undefined) this.#running.get(instance)?.cancel(rawAt(notification.bytes, id), new AnywhereError('CANCELLED', reason));
  }

  #updatedEdits(notification: Message, server: ServerPlan): readonly Edit[] {
    const edit = aliasEdit(notification.bytes, notification.param('uri'), server, this.#aliases);
    return edit === undefined ? [] : [edit];
  }

  #wants(notification: Message): boolean {
    const level = notification.paramText('level');
    return this.#logLevel === undefined || !isMcpLogLevel(level) || LOG_LEVELS.indexOf(level) >= LOG_LEVELS.indexOf(this.#logLevel);
  }
}
