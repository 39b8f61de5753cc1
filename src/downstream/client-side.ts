/** Answers the requests of one AI client: from the merged lists, or through the server that each is meant for. */
import { asAnywhereError } from '../base/errors.ts';
import type { AnywhereError } from '../base/errors.ts';
import type { Scope } from '../base/scope.ts';
import type { Catalog } from '../catalog/catalog.ts';
import type { Route } from '../catalog/snapshot.ts';
import { resultUriEdits } from '../catalog/result-uris.ts';
import type { ServerPlan } from '../config/plan.ts';
import type { CallHandler } from '../policy/interceptor.ts';
import { RPC } from '../protocol/jsonrpc.ts';
import type { Message } from '../protocol/message.ts';
import { CLIENT_REQUESTS, type ClientRequestRule } from '../protocol/methods.ts';
import type { Peer } from '../protocol/peer.ts';
import { asReplyTo } from '../protocol/relay.ts';
import type { Router } from '../routing/router.ts';
import { listAllTasks } from '../upstream/list-tasks.ts';
import type { Instance, InstanceOwner } from '../upstream/instance.ts';
import { type Destination, Destinations } from './destinations.ts';
import { failedCallResult, failureCode, failureText } from './failure.ts';
import type { MergedLists } from './merged-lists.ts';
import { RunningRequests } from './requests.ts';
import type { Tasks } from './tasks.ts';

/** A request on its way to a server, and in whose name. */
export interface Outgoing {
  readonly owner: InstanceOwner;
  readonly peer: Peer;
  readonly request: Message;
  readonly signal: AbortSignal;
}

export interface ClientSideDeps {
  /** Owns the answers that are being made. */
  readonly scope: Scope;
  readonly catalog: Catalog;
  readonly router: Router;
  /** tools/call with everything around it: policy, audit, metrics; at its core the way to the server. */
  readonly callTool: CallHandler;
  /** The same way for the other requests that a server answers. */
  readonly forward: (outgoing: Outgoing, destination: Destination) => Promise<Message>;
  readonly nextCallId: () => number;
  /** Resolves when the tool is offered, or as soon as it is no use to wait. */
  readonly awaitTool: (name: string, owner: InstanceOwner) => Promise<void>;
}

/** The client itself, as this side needs it. */
export interface ClientSideClient {
  readonly id: string;
  readonly owner: InstanceOwner;
  readonly peer: Peer;
  readonly lists: MergedLists;
  readonly tasks: Tasks;
  readonly instances: () => readonly Instance[];
  /** initialize, ping, logging/setLevel. */
  readonly answerHere: (request: Message) => void;
}

export class ClientSide {
  readonly #client: ClientSideClient;
  readonly #deps: ClientSideDeps;
  readonly #destinations: Destinations;
  readonly #running = new RunningRequests();

  constructor(client: ClientSideClient, deps: ClientSideDeps) {
    this.#client = client;
    this.#deps = deps;
    this.#destinations = new Destinations(deps.router, deps.catalog.aliases, client.tasks);
  }

  answer(request: Message): void {
    const rule = CLIENT_REQUESTS.get(request.method);
    if (rule?.kind === 'here') this.#client.answerHere(request);
    else this.#deps.scope.run(this.#guarded(request, (signal) => this.#answer(request, rule, signal)));
  }

  /** @param idText of a request of this client, as JSON text */
  cancel(idText: string, reason: AnywhereError): void {
    this.#running.cancel(idText, reason);
  }

  close(cause: AnywhereError): void {
    this.#running.cancelAll(cause);
  }

  #answer(request: Message, rule: ClientRequestRule | undefined, signal: AbortSignal): Promise<void> | undefined {
    if (rule === undefined) return this.#answerUnknown(request, signal);
    switch (rule.kind) {
      case 'list':
        return this.#client.lists.answer(request, rule.collection);
      case 'all-tasks':
        return this.#listTasks(request);
      case 'here':
      case 'refused':
        this.#refuse(request);
        return undefined;
      default:
        if (request.method === 'tools/call') return this.#callTool(request, signal);
        return this.#forward(request, this.#destinations.of(request, rule), signal);
    }
  }

  /** A method we do not know goes to the sole server that could know it. */
  #answerUnknown(request: Message, signal: AbortSignal): Promise<void> | undefined {
    const server = this.#deps.router.soleServer;
    if (server !== undefined) return this.#forward(request, { server, edits: [] }, signal);
    this.#refuse(request);
    return undefined;
  }

  #refuse(request: Message): void {
    this.#client.peer.replyError(request, RPC.methodNotFound, `method not found: ${request.method}`);
  }

  async #callTool(request: Message, signal: AbortSignal): Promise<void> {
    const { id: client, owner, peer } = this.#client;
    const name = request.paramText('name') ?? '';
    const route = this.#deps.router.named('tools', name) ?? (await this.#awaitedRoute(name));
    if (route === undefined) {
      this.#unknownTool(request, name);
      return;
    }
    try {
      const call = { id: this.#deps.nextCallId(), client, owner, peer, route, request, signal };
      this.#reply(request, await this.#deps.callTool(call), route.server);
    } catch (error) {
      if (signal.aborted) throw error;
      peer.reply(request, failedCallResult(asAnywhereError(error).at({ tool: route.original })));
    }
  }

  async #awaitedRoute(name: string): Promise<Route | undefined> {
    await this.#deps.awaitTool(name, this.#client.owner);
    return this.#deps.router.named('tools', name);
  }

  #unknownTool(request: Message, name: string): void {
    const why = this.#deps.router.whyUnknown(name);
    if (why === undefined) this.#client.peer.replyError(request, RPC.invalidParams, `unknown tool: ${name}`);
    else this.#client.peer.reply(request, failedCallResult(why));
  }

  async #forward(request: Message, destination: Destination, signal: AbortSignal): Promise<void> {
    const { owner, peer } = this.#client;
    const reply = await this.#deps.forward({ owner, peer, request, signal }, destination);
    this.#reply(request, reply, destination.server);
  }

  async #listTasks(request: Message): Promise<void> {
    const instances = this.#client.instances();
    for (const instance of instances) instance.touch();
    const tasks = await listAllTasks(instances, (reply, instance) => {
      this.#client.tasks.learnFrom(reply, instance);
    });
    this.#client.peer.reply(request, Buffer.concat([Buffer.from('{"tasks":'), tasks, Buffer.from('}')]));
  }

  #reply(request: Message, reply: Message, server: ServerPlan): void {
    const instance = this.#deps.router.unit(server).current(this.#client.owner);
    if (instance !== undefined) this.#client.tasks.learnFrom(reply, instance);
    const edits = reply.result === undefined ? [] : resultUriEdits(reply.bytes, reply.result, server, this.#deps.catalog.aliases);
    this.#client.peer.respond(request, asReplyTo(request, reply, edits));
  }

  /** Runs the answer to one request; whatever goes wrong becomes an error for that request alone. */
  async #guarded(request: Message, answer: (signal: AbortSignal) => Promise<void> | undefined): Promise<void> {
    const id = request.idText;
    const signal = this.#running.begin(id);
    try {
      await answer(signal);
    } catch (thrown) {
      const error = asAnywhereError(thrown);
      // A cancelled request gets no answer (MCP, utilities/cancellation).
      if (signal.aborted) this.#client.peer.abandon(request);
      else this.#client.peer.replyError(request, failureCode(error), failureText(error));
    } finally {
      this.#running.end(id);
    }
  }
}
