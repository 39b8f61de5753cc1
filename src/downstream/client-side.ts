/** Answers the requests of one AI client: from the merged lists, or through the server that each is meant for. */
import type { Cancellation } from '../base/cancellation.ts';
import type { Clock } from '../base/clock.ts';
import { AnywhereError, asAnywhereError } from '../base/errors.ts';
import type { Scope } from '../base/scope.ts';
import type { Catalog } from '../catalog/catalog.ts';
import { mayNameResources, resultUriEdits } from '../catalog/result-uris.ts';
import type { PooledTool, Route } from '../catalog/route.ts';
import type { ServerPlan } from '../config/plan.ts';
import type { CallHandler, ToolCall } from '../policy/interceptor.ts';
import type { Opening } from '../protocol/envelope.ts';
import { RPC } from '../protocol/jsonrpc.ts';
import type { LargeLine } from '../protocol/large-line.ts';
import type { Message } from '../protocol/message.ts';
import { CLIENT_REQUESTS, type ClientRequestRule } from '../protocol/methods.ts';
import type { Peer } from '../protocol/peer.ts';
import type { Waiter } from '../protocol/pending-request.ts';
import { asReplyTo } from '../protocol/relay.ts';
import type { Edit, Line } from '../protocol/splice.ts';
import type { Router } from '../routing/router.ts';
import type { Instance, InstanceOwner } from '../upstream/instance.ts';
import { listAllTasks } from '../upstream/list-tasks.ts';
import { type Destination, Destinations } from './destinations.ts';
import { DirectCall, type DirectCallWatcher } from './direct-call.ts';
import { failedCallResult, failureCode, failureText } from './failure.ts';
import { LargeAnswer } from './large-answer.ts';
import type { MergedLists } from './merged-lists.ts';
import { RunningRequests } from './requests.ts';
import { RunningRequest } from './running-call.ts';
import type { Tasks } from './tasks.ts';

/** A request on its way to a server, and in whose name. */
export interface Outgoing {
  readonly owner: InstanceOwner;
  readonly peer: Peer;
  readonly request: Message;
  readonly cancellation: Cancellation;
}

export interface ClientSideDeps {
  readonly clock: Clock;
  /** Owns the answers that are being made. */
  readonly scope: Scope;
  readonly catalog: Catalog;
  readonly router: Router;
  /** tools/call with everything around it: policy, audit, metrics; at its core the way to the server. */
  readonly callTool: CallHandler;
  /** The same for a pool's tool. `onMember` is told who is to answer, each time that changes. */
  readonly callPool: (call: ToolCall, tool: PooledTool, onMember: (member: Route) => void) => Promise<Message>;
  /** Whom that is told to besides. */
  readonly onMember?: (request: Message, member: Route) => void;
  /** The same way for the other requests that a server answers. */
  readonly forward: (outgoing: Outgoing, destination: Destination) => Promise<Message>;
  /** The instance that can take a call for this client now, where nothing stands around calls. */
  readonly readyFor: (server: ServerPlan, owner: InstanceOwner) => Instance | undefined;
  /** `callTool` for it. */
  readonly startCall: (instance: Instance, call: DirectCall, waiter: Waiter) => void;
  readonly nextCallId: () => number;
  /** Requests of one client under way; more are refused. */
  readonly maxRequests: () => number;
  /** A call that went the direct way is over: it is counted, and whoever began to watch meanwhile is told. */
  readonly callEnded: (call: RunningRequest, outcome: Message | AnywhereError, client: string) => void;
  /** Resolves when the tool is offered, or as soon as it is no use to wait. */
  readonly awaitTool: (name: string, client: Pick<ClientSideClient, 'owner' | 'profile'>) => Promise<void>;
}

/** The client itself, as this side needs it. */
export interface ClientSideClient {
  readonly id: string;
  readonly owner: InstanceOwner;
  readonly peer: Peer;
  readonly lists: MergedLists;
  readonly tasks: Tasks;
  /** Which of the catalog's listings are its own; undefined: always the latest. */
  readonly profile: () => string | undefined;
  readonly instances: () => readonly Instance[];
  /** initialize, ping, logging/setLevel. */
  readonly answerHere: (request: Message) => void;
}

export class ClientSide {
  readonly #client: ClientSideClient;
  readonly #deps: ClientSideDeps;
  readonly #destinations: Destinations;
  readonly #running = new RunningRequests<RunningRequest>();
  readonly #directCalls: DirectCallWatcher = {
    over: (call, outcome) => {
      this.#directCallOver(call, outcome);
    },
    coming: (call, reply, opening) => {
      this.#answerComing(call, reply, opening);
    },
  };

  constructor(client: ClientSideClient, deps: ClientSideDeps) {
    this.#client = client;
    this.#deps = deps;
    this.#destinations = new Destinations(deps.router, deps.catalog.aliases, client);
  }

  answer(request: Message): void {
    const rule = CLIENT_REQUESTS.get(request.method);
    if (rule?.kind === 'here') this.#client.answerHere(request);
    else if (this.#running.size >= this.#deps.maxRequests()) this.#refuseAnother(request, rule);
    else if (rule?.kind !== 'call' || !this.#callDirectly(request))
      this.#deps.scope.run(this.#guarded(request, (cancellation) => this.#answer(request, rule, cancellation)));
  }

  /** @param key of a request of this client, `Message.idKey` */
  cancel(key: number | string, reason: AnywhereError): void {
    this.#running.cancel(key, reason);
  }

  /** Its tools/calls that have not been answered yet. */
  get calls(): readonly RunningRequest[] {
    return this.#running.all().filter(({ route }) => route !== undefined);
  }

  /** It waits for an answer. */
  get isBusy(): boolean {
    return this.#running.all().length > 0;
  }

  /** What it waits for is answered with this error. */
  giveUp(error: AnywhereError): void {
    for (const running of this.#running.all()) running.revoke(error);
  }

  close(cause: AnywhereError): void {
    this.#running.cancelAll(cause);
  }

  #answer(
    request: Message,
    rule: ClientRequestRule | undefined,
    cancellation: RunningRequest,
  ): Promise<void> | undefined {
    if (rule === undefined) return this.#answerUnknown(request, cancellation);
    switch (rule.kind) {
      case 'list':
        return this.#client.lists.answer(request, rule.collection, cancellation.signal);
      case 'all-tasks':
        return this.#listTasks(request);
      case 'here':
      case 'refused':
        this.#refuse(request);
        return undefined;
      default:
        if (request.hasTwins() || request.hasTwins('ref')) throw ambiguous(request);
        if (rule.kind === 'call') return this.#callTool(request, cancellation);
        return this.#forward(request, this.#destinations.of(request, rule), cancellation);
    }
  }

  /** A call to a server that is up, with nothing to do around it: nearly every one. False: it is not so simple. */
  #callDirectly(request: Message): boolean {
    const { owner } = this.#client;
    const route = request.hasTwins() ? undefined : this.#tool(request.paramText('name') ?? '');
    const instance =
      route === undefined || route.pool !== undefined ? undefined : this.#deps.readyFor(route.server, owner);
    if (route === undefined || instance === undefined) return false;
    const call = new DirectCall(request, route, instance, this.#client, this.#directCalls);
    this.#running.add(request.idKey, call);
    this.#begin(call, route);
    this.#deps.startCall(instance, call, call);
    return true;
  }

  #directCallOver(call: DirectCall, outcome: Message | AnywhereError): void {
    const { request, route, instance } = call;
    this.#running.end(request.idKey);
    call.endedMs = this.#deps.clock.monotonic();
    this.#deps.callEnded(call, outcome, this.#client.id);
    if (outcome instanceof AnywhereError) {
      call.answer?.abort();
      this.#callFailed(request, route, call, outcome);
    } else if (call.answer !== undefined) this.#answerCame(call, call.answer, outcome);
    else if (instance.isLive)
      this.#client.peer.respond(request, this.#lineOf(request, outcome, instance, call.endedMs));
    // It was made once more: the instance is gone.
    else this.#replyOf(request, outcome, route.server);
  }

  /** It leaves while it comes, where no other answer could have to wait behind it. */
  #answerComing(call: DirectCall, reply: LargeLine, opening: Opening): void {
    const { catalog, clock } = this.#deps;
    if (this.#running.size > 1 || (catalog.aliases.isActive && mayNameResources(opening.text))) return;
    call.answer?.abort();
    call.answer = LargeAnswer.begin(call, reply, opening, clock);
  }

  /** The end of an answer that was begun, or another one in its place. */
  #answerCame({ request, route }: DirectCall, begun: LargeAnswer, reply: Message): void {
    const { peer } = this.#client;
    const line = this.#lineAt(request, reply, route.server);
    if (!begun.isOf(reply)) begun.abort();
    if (reply.taker === undefined) peer.respond(request, line);
    else if (!begun.finish(line)) peer.reply(request, failedCallResult(unreadable(route.server)));
  }

  #begin(running: RunningRequest, route: Route): number {
    running.route = route;
    running.call = this.#deps.nextCallId();
    running.startedMs = this.#deps.clock.monotonic();
    return running.call;
  }

  #callFailed(request: Message, route: Route, cancellation: RunningRequest, error: AnywhereError): void {
    const { host, name: server } = route.server;
    // A cancelled request gets no answer (MCP, utilities/cancellation).
    if (cancellation.aborted && !cancellation.isOwed) this.#client.peer.abandon(request);
    else this.#client.peer.reply(request, failedCallResult(error.at({ host, server, tool: route.original })));
  }

  /** A method we do not know goes to the sole server that could know it. */
  #answerUnknown(request: Message, cancellation: Cancellation): Promise<void> | undefined {
    const server = this.#deps.router.soleServer;
    if (server !== undefined) return this.#forward(request, { server, edits: [] }, cancellation);
    this.#refuse(request);
    return undefined;
  }

  #refuseAnother(request: Message, rule: ClientRequestRule | undefined): void {
    const text = `${this.#running.size} requests of this client are under way: no more before one of them ends`;
    const error = new AnywhereError('LIMIT_REACHED', text);
    if (rule?.kind === 'call') this.#client.peer.reply(request, failedCallResult(error));
    else this.#client.peer.replyError(request, failureCode(error, request.method), failureText(error));
  }

  #refuse(request: Message): void {
    this.#client.peer.replyError(request, RPC.methodNotFound, `method not found: ${request.method}`);
  }

  async #callTool(request: Message, cancellation: RunningRequest): Promise<void> {
    const { id: client, owner, peer } = this.#client;
    const name = request.paramText('name') ?? '';
    const route = this.#tool(name) ?? (await this.#awaitedRoute(name));
    if (route === undefined) {
      this.#unknownTool(request, name);
      return;
    }
    try {
      const call = { id: this.#begin(cancellation, route), client, owner, peer, route, request, cancellation };
      const reply = await (route.pool === undefined ? this.#deps.callTool(call) : this.#callPool(call, route.pool));
      this.#replyOf(request, reply, (cancellation.route ?? route).server);
    } catch (error) {
      this.#callFailed(request, cancellation.route ?? route, cancellation, asAnywhereError(error));
    }
  }

  /** The call is its member's from then on: for whoever looks at what is under way, and for the reply. */
  #callPool(call: ToolCall & { readonly cancellation: RunningRequest }, tool: PooledTool): Promise<Message> {
    return this.#deps.callPool(call, tool, (member) => {
      call.cancellation.route = member;
      this.#deps.onMember?.(call.request, member);
    });
  }

  async #awaitedRoute(name: string): Promise<Route | undefined> {
    await this.#deps.awaitTool(name, this.#client);
    return this.#tool(name);
  }

  #tool(name: string): Route | undefined {
    return this.#deps.router.named('tools', name, this.#client.profile());
  }

  #unknownTool(request: Message, name: string): void {
    const why = this.#deps.router.whyUnknown(name);
    if (why === undefined) this.#client.peer.replyError(request, RPC.invalidParams, `unknown tool: ${name}`);
    else this.#client.peer.reply(request, failedCallResult(why));
  }

  async #forward(request: Message, destination: Destination, cancellation: Cancellation): Promise<void> {
    const { owner, peer } = this.#client;
    const reply = await this.#deps.forward({ owner, peer, request, cancellation }, destination);
    this.#replyOf(request, reply, destination.server);
  }

  async #listTasks(request: Message): Promise<void> {
    const instances = this.#client.instances();
    for (const instance of instances) instance.touch();
    const tasks = await listAllTasks(instances, (taskId, instance) => this.#isOwnTask(taskId, instance));
    this.#client.peer.reply(request, Buffer.concat([Buffer.from('{"tasks":'), tasks, Buffer.from('}')]));
  }

  /** A shared server lists the tasks of all its clients. */
  #isOwnTask(taskId: string | undefined, instance: Instance): boolean {
    if (taskId === undefined) return false;
    if (instance.owner === this.#client.owner) this.#client.tasks.learn(taskId, instance);
    return this.#client.tasks.instanceOf(taskId) === instance;
  }

  #replyOf(request: Message, reply: Message, server: ServerPlan): void {
    this.#client.peer.respond(request, this.#lineAt(request, reply, server));
  }

  #lineAt(request: Message, reply: Message, server: ServerPlan): Line {
    const instance = this.#deps.router.unit(server).current(this.#client.owner);
    // Where it is gone since, what it said stands.
    if (instance === undefined) return asReplyTo(request, reply, this.#uriEdits(reply, server));
    return this.#lineOf(request, reply, instance);
  }

  #lineOf(request: Message, reply: Message, instance: Instance, nowMs?: number): Line {
    instance.touch(nowMs);
    this.#client.tasks.learnFrom(reply, instance);
    return asReplyTo(request, reply, this.#uriEdits(reply, instance.server));
  }

  #uriEdits(reply: Message, server: ServerPlan): readonly Edit[] {
    return resultUriEdits(reply, server, this.#deps.catalog.aliases);
  }

  /** Runs the answer to one request; whatever goes wrong becomes an error for that request alone. */
  async #guarded(request: Message, answer: (cancellation: RunningRequest) => Promise<void> | undefined): Promise<void> {
    const id = request.idKey;
    const cancellation = this.#running.add(id, new RunningRequest(request));
    try {
      await answer(cancellation);
    } catch (thrown) {
      const error = asAnywhereError(thrown);
      // A cancelled request gets no answer (MCP, utilities/cancellation).
      if (cancellation.aborted && !cancellation.isOwed) this.#client.peer.abandon(request);
      else this.#client.peer.replyError(request, failureCode(error, request.method), failureText(error));
    } finally {
      this.#running.end(id);
    }
  }
}

function unreadable({ host, name: server }: ServerPlan): AnywhereError {
  return new AnywhereError('SERVER_PROTOCOL', 'the end of its answer does not fit to its beginning', { host, server });
}

/** The request goes on as bytes: the server must not be able to read another name in them than we did. */
function ambiguous(request: Message): AnywhereError {
  return new AnywhereError(
    'TOOL_UNKNOWN',
    `${request.method}: a member of its params stands there twice, or in another case: what is meant cannot be said`,
  );
}
