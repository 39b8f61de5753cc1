/** Sends every request that a server answers: to an instance of the server, with the server's own names, and back. */
import type { Clock } from '../base/clock.ts';
import { AnywhereError, asAnywhereError } from '../base/errors.ts';
import type { PooledTool } from '../catalog/route.ts';
import type { ServerPlan } from '../config/plan.ts';
import type { Link } from '../link/contract.ts';
import type { Message } from '../protocol/message.ts';
import { forwardRequest } from '../protocol/relay.ts';
import type { Edit } from '../protocol/splice.ts';
import type { Instance } from '../upstream/instance.ts';
import { countedSubscription, isSubscription } from '../upstream/subscriptions.ts';
import { Call, type Caller, type CallHandler, type CallObserver, type ToolCall } from './call.ts';
import { waitUntil } from './patience.ts';
import { callPool } from './pool-calls.ts';
import type { Pools } from './pools.ts';
import { risingEdits, startsAttempt, whileWaiting } from './progress.ts';
import { type Repeat, repeatOf, repeatReason } from './repetition.ts';
import type { Router } from './router.ts';

/** A repeated request waits at most this long for its host. */
const RETURN_MS = 15_000;

export interface CallsDeps {
  readonly clock: Clock;
  readonly router: Router;
  readonly pools: Pools;
  readonly observers: readonly CallObserver[];
  /** A request is repeated, or sent to another member of its pool. */
  readonly onRepeat: (repeat: Repeat) => void;
}

/** The target of a request other than tools/call. */
export interface Destination {
  readonly server: ServerPlan;
  /** Replace public names by the server's own names. */
  readonly edits: readonly Edit[];
  /** The server's own URI of a resource. */
  readonly uri?: string;
  /** The request has no timeout. */
  readonly isPatient?: boolean;
}

interface Attempt {
  readonly edits: readonly Edit[];
  readonly timeoutMs: number;
  /** The request was sent before. */
  readonly isRepeat: boolean;
}

export class Calls {
  readonly #deps: CallsDeps;
  readonly #router: Router;
  readonly #clock: Clock;
  #last = 0;

  constructor(deps: CallsDeps) {
    this.#deps = deps;
    this.#router = deps.router;
    this.#clock = deps.clock;
  }

  /** The object for a new request. */
  begin(caller: Caller, request: Message): Call {
    this.#last += 1;
    return new Call(this.#last, caller, request, this.#clock.monotonic());
  }

  /** Sends a tools/call to the server of its route. */
  async send(call: ToolCall): Promise<Message> {
    const instance = await this.#instance(call.route.server, call);
    const { timeoutMs } = instance.server;
    return this.#ask(instance, call, { edits: nameEdit(call), timeoutMs, isRepeat: false });
  }

  /** Sends a pool's call to one member, and after a failure to another. @param send sends each attempt */
  sendToPool(call: ToolCall, tool: PooledTool, send: CallHandler): Promise<Message> {
    return callPool(call, tool, { ...this.#deps, send });
  }

  /** Sends any other request. */
  async forward(call: Call, { server, edits, isPatient, uri }: Destination): Promise<Message> {
    const instance = await this.#instance(server, call);
    const timeoutMs = isPatient === true ? Number.POSITIVE_INFINITY : server.timeoutMs;
    const send = (): Promise<Message> => this.#ask(instance, call, { edits, timeoutMs, isRepeat: false });
    if (uri === undefined || !isSubscription(call.request)) return send();
    return countedSubscription(instance.subscriptions, call.request, call.caller.owner, uri, send);
  }

  /** The instance for this call, at once where one is up. */
  #instance(server: ServerPlan, call: Call): Instance | Promise<Instance> {
    const found = this.#router.instance(server, call.caller.owner, call);
    return found instanceof Promise ? whileWaiting(found, call, server, this.#clock) : found;
  }

  /** Runs `handler`, with the observers' hooks around it. */
  async observed(call: ToolCall, handler: CallHandler): Promise<Message> {
    const beganMs = this.#clock.monotonic();
    for (const observer of this.#observers(call)) observer.began?.(call);
    try {
      const reply = await handler(call);
      this.#ended(call, reply, beganMs);
      return reply;
    } catch (thrown) {
      const error = asAnywhereError(thrown);
      this.#ended(call, error, beganMs);
      throw error;
    }
  }

  #ended(call: ToolCall, outcome: Message | AnywhereError, beganMs: number): void {
    const durationMs = this.#clock.monotonic() - beganMs;
    for (const observer of this.#observers(call)) observer.ended?.(call, outcome, durationMs);
  }

  #observers({ caller }: Call): readonly CallObserver[] {
    return caller.observer === undefined ? this.#deps.observers : [...this.#deps.observers, caller.observer];
  }

  async #ask(instance: Instance, call: Call, attempt: Attempt): Promise<Message> {
    const { timeoutMs } = attempt;
    const { peer, tasks } = call.caller;
    const related = tasks.toServer.paramEdits(instance, call.sent);
    const edits = related.length === 0 ? attempt.edits : [...attempt.edits, ...related];
    const sinceMs = this.#clock.monotonic();
    instance.touch(sinceMs);
    startsAttempt(call);
    const options = {
      timeoutMs,
      totalTimeoutMs: timeoutMs === Number.POSITIVE_INFINITY ? timeoutMs : instance.server.totalTimeoutMs,
      isLimited: true,
      signal: call,
      onProgress: (progress: Message): void => {
        this.#progressed(call, progress);
      },
      progressEdits: (progress: Message) => [
        ...tasks.toClient.paramEdits(instance, progress),
        ...risingEdits(call, progress),
      ],
    };
    try {
      const reply = await forwardRequest(call.sent, edits, instance.peer, peer, options);
      instance.hasServed = true;
      return reply;
    } catch (thrown) {
      const error = asAnywhereError(thrown);
      if (call.aborted) throw error;
      if (instance.isLive) throw failedThere(instance, error);
      return await this.#lost(instance, call, attempt, { error, elapsedMs: this.#clock.monotonic() - sinceMs });
    }
  }

  #progressed(call: Call, progress: Message): void {
    call.progress = progress;
    for (const observer of this.#observers(call)) observer.progressed?.(call, progress);
  }

  /** The instance ended while the request was pending: repeats the request where that is safe. */
  async #lost(
    instance: Instance,
    call: Call,
    attempt: Attempt,
    { error, elapsedMs }: { readonly error: AnywhereError; readonly elapsedMs: number },
  ): Promise<Message> {
    const { server } = instance;
    const why = attempt.isRepeat ? undefined : repeatReason(call, error);
    if (why === undefined)
      throw error.isUnsent
        ? error.at({ host: server.host, server: server.name })
        : outcomeUnknown(server, error, elapsedMs);
    this.#deps.onRepeat(repeatOf(call, server, why, error));
    const next = await whileWaiting(this.#returned(server, call, attempt), call, server, this.#clock);
    return this.#ask(next, call, { ...attempt, isRepeat: true });
  }

  async #returned(server: ServerPlan, call: Call, { timeoutMs }: Attempt): Promise<Instance> {
    const { link } = this.#router.unit(server);
    await linkSettled(link, this.#clock, Math.min(RETURN_MS, timeoutMs), call.signal);
    return this.#router.instance(server, call.caller.owner, call);
  }
}

/** Resolves when the host is back, or will not come back by itself. The first failed attempt is not the end. */
function linkSettled(link: Link, clock: Clock, withinMs: number, signal: AbortSignal): Promise<void> {
  const isOver = (): boolean => ['ready', 'refused', 'closed'].includes(link.state.kind);
  return waitUntil({ on: (listener) => link.onChange(listener) }, isOver, clock, withinMs, signal);
}

/** The server runs, and this request failed. After a timeout the server may be hung. */
function failedThere(instance: Instance, error: AnywhereError): AnywhereError {
  if (error.code === 'CALL_TIMEOUT') instance.suspect();
  const { host, name: server } = instance.server;
  return error.at({ host, server });
}

function nameEdit({ sent, route }: ToolCall): readonly Edit[] {
  const span = sent.param('name');
  return span === undefined ? [] : [{ span, text: route.originalJson }];
}

/** The request was written and the instance ended: the server may have carried out the request or not. */
function outcomeUnknown({ host, name }: ServerPlan, cause: AnywhereError, elapsedMs: number): AnywhereError {
  const text = `outcome unknown: host ${host}, after ${(elapsedMs / 1000).toFixed(1)} s: ${cause.message}`;
  return new AnywhereError('OUTCOME_UNKNOWN', text, { host, server: name, evidence: cause.evidence, cause });
}
