/** Answers the requests of one AI client: from the merged lists, or through the server of each request. */
import { AnywhereError, asAnywhereError } from '../base/errors.ts';
import type { Scope } from '../base/scope.ts';
import type { Call, Caller } from '../calls/call.ts';
import type { Calls, Destination } from '../calls/calls.ts';
import type { Router } from '../calls/router.ts';
import type { Waits } from '../calls/waits.ts';
import { resultUriEdits } from '../catalog/alias.ts';
import type { Catalog } from '../catalog/catalog.ts';
import type { Route } from '../catalog/route.ts';
import { nearTools } from '../config/near-miss.ts';
import type { ServerPlan } from '../config/plan.ts';
import type { Gate } from '../policy/gate.ts';
import { RPC } from '../protocol/jsonrpc.ts';
import type { Message } from '../protocol/message.ts';
import { CLIENT_REQUESTS, type ClientRequestRule } from '../protocol/methods.ts';
import { asReplyTo } from '../protocol/relay.ts';
import type { Line } from '../protocol/splice.ts';
import type { Instance } from '../upstream/instance.ts';
import { Destinations } from './destinations.ts';
import { failedCallResult, failureCode, failureText } from './failure.ts';
import type { MergedLists } from './merged-lists.ts';
import { RunningRequests, tooManyRequests } from './requests.ts';
import { listAllTasks, type Tasks } from './tasks.ts';

export interface ClientSideDeps {
  /** Owns pending answers. */
  readonly scope: Scope;
  readonly catalog: Catalog;
  readonly router: Router;
  readonly waits: Waits;
  readonly calls: Calls;
  readonly gate: Gate;
  /** Pending requests of one client; further requests are refused. */
  readonly maxRequests: () => number;
}

/** The client of this side. */
export interface ClientSideClient extends Caller {
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
  readonly #running = new RunningRequests<Call>();

  constructor(client: ClientSideClient, deps: ClientSideDeps) {
    this.#client = client;
    this.#deps = deps;
    this.#destinations = new Destinations(deps.router, deps.catalog.aliases, client);
  }

  answer(request: Message): void {
    const rule = CLIENT_REQUESTS.get(request.method);
    if (rule?.kind === 'here') this.#client.answerHere(request);
    else if (this.#running.size >= this.#deps.maxRequests()) this.#refuseAnother(request, rule);
    else this.#deps.scope.run(this.#guarded(request, rule));
  }

  /** @param key of a request of this client, `Message.idKey` */
  cancel(key: number | string, reason: AnywhereError): void {
    this.#running.cancel(key, reason);
  }

  /** Pending tools/calls. */
  get calls(): readonly Call[] {
    return this.#running.all().filter(({ route }) => route !== undefined);
  }

  /** The client waits for an answer. */
  get isBusy(): boolean {
    return this.#running.all().length > 0;
  }

  /** Answers all pending requests with this error. */
  giveUp(error: AnywhereError): void {
    for (const running of this.#running.all()) running.revoke(error);
  }

  close(cause: AnywhereError): void {
    this.#running.cancelAll(cause);
  }

  #answer(call: Call, rule: ClientRequestRule | undefined): Promise<void> | undefined {
    const { request } = call;
    if (rule === undefined) return this.#answerUnknown(call);
    switch (rule.kind) {
      case 'list':
        return this.#client.lists.answer(request, rule.collection, call.signal);
      case 'all-tasks':
        return this.#listTasks(request);
      case 'here':
      case 'refused':
        this.#refuse(request);
        return undefined;
      default:
        if (request.hasTwins() || request.hasTwins('ref')) throw ambiguous(request);
        if (rule.kind === 'call') return this.#callTool(call);
        return this.#forward(call, this.#destinations.of(request, rule));
    }
  }

  /** An unknown method goes to the sole server, where there is exactly one. */
  #answerUnknown(call: Call): Promise<void> | undefined {
    const server = this.#deps.router.soleServer;
    if (server !== undefined) return this.#forward(call, { server, edits: [] });
    this.#refuse(call.request);
    return undefined;
  }

  #refuseAnother(request: Message, rule: ClientRequestRule | undefined): void {
    const error = tooManyRequests(this.#running.size);
    if (rule?.kind === 'call') this.#client.peer.reply(request, failedCallResult(error));
    else this.#client.peer.replyError(request, failureCode(error, request.method), failureText(error));
  }

  #refuse(request: Message): void {
    this.#client.peer.replyError(request, RPC.methodNotFound, `method not found: ${request.method}`);
  }

  async #callTool(call: Call): Promise<void> {
    const { request } = call;
    const name = request.paramText('name') ?? '';
    const route = this.#tool(name) ?? (await this.#awaitedTool(name));
    if (route === undefined) {
      this.#unknownTool(request, name);
      return;
    }
    call.aim(route);
    try {
      const reply = await this.#deps.gate.call(call);
      this.#replyOf(request, reply, call.route.server);
    } catch (error) {
      this.#callFailed(call, call.route, asAnywhereError(error));
    }
  }

  async #awaitedTool(name: string): Promise<Route | undefined> {
    await this.#deps.waits.awaitTool(name, this.#client.owner, this.#client.profile());
    return this.#tool(name);
  }

  #tool(name: string): Route | undefined {
    return this.#deps.router.named('tools', name, this.#client.profile());
  }

  #callFailed({ request, isCancelledBySender }: Call, route: Route, error: AnywhereError): void {
    const { host, name: server } = route.server;
    if (isCancelledBySender) this.#client.peer.abandon(request);
    else this.#client.peer.reply(request, failedCallResult(error.at({ host, server, tool: route.original })));
  }

  #unknownTool(request: Message, name: string): void {
    const why = this.#deps.router.whyUnknown(name);
    if (why === undefined) this.#client.peer.replyError(request, RPC.invalidParams, this.#unknownText(name));
    else this.#client.peer.reply(request, failedCallResult(why));
  }

  /** A model that wrote a name from memory finds the right one in the error. */
  #unknownText(name: string): string {
    const near = nearTools(name, [...this.#deps.catalog.snapshot(this.#client.profile()).routes.tools.keys()]);
    return `unknown tool: ${name}${near.length === 0 ? '' : `. Did you mean ${near.join(' or ')}?`}`;
  }

  async #forward(call: Call, destination: Destination): Promise<void> {
    const reply = await this.#deps.calls.forward(call, destination);
    this.#replyOf(call.request, reply, destination.server);
  }

  async #listTasks(request: Message): Promise<void> {
    const instances = this.#client.instances();
    for (const instance of instances) instance.touch();
    const { toClient } = this.#client.tasks;
    // A shared server lists the tasks of all clients: only tasks of this client are passed on.
    const listed = (task: Buffer, instance: Instance): Buffer | undefined =>
      toClient.listed(instance, task, instance.owner === this.#client.owner);
    const tasks = await listAllTasks(instances, listed);
    this.#client.peer.reply(request, Buffer.concat([Buffer.from('{"tasks":'), tasks, Buffer.from('}')]));
  }

  #replyOf(request: Message, reply: Message, server: ServerPlan): void {
    let line: Line;
    try {
      line = this.#lineOf(request, reply, server);
    } catch (error) {
      throw asAnywhereError(error).at({ host: server.host, server: server.name });
    }
    this.#client.peer.respond(request, line);
  }

  #lineOf(request: Message, reply: Message, server: ServerPlan): Line {
    const instance = this.#deps.router.unit(server).current(this.#client.owner);
    // The reply stays valid where the instance ended meanwhile.
    instance?.touch();
    const uris = resultUriEdits(reply, server, this.#deps.catalog.aliases);
    if (instance?.isLive !== true) return asReplyTo(request, reply, uris);
    const tasks = this.#client.tasks.toClient.replyEdits(instance, request.method, reply);
    return asReplyTo(request, reply, tasks.length === 0 ? uris : [...uris, ...tasks]);
  }

  /** Answers one request. An error is the answer to that request only. */
  async #guarded(request: Message, rule: ClientRequestRule | undefined): Promise<void> {
    const id = request.idKey;
    const call = this.#running.add(id, this.#deps.calls.begin(this.#client, request));
    try {
      await this.#answer(call, rule);
    } catch (thrown) {
      const error = asAnywhereError(thrown);
      if (call.isCancelledBySender) this.#client.peer.abandon(request);
      else this.#client.peer.replyError(request, failureCode(error, request.method), failureText(error));
    } finally {
      this.#running.end(id);
    }
  }
}

/** The request is forwarded as bytes: the server must not read another name in them than we did. */
function ambiguous(request: Message): AnywhereError {
  return new AnywhereError(
    'TOOL_UNKNOWN',
    `${request.method} is ambiguous: a member stands in its params twice, or a second time in another case`,
  );
}
