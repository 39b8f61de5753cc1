/**
 * Rate limits for the messages that a server sends unasked. Log messages and other notifications over the rate are dropped
 * and counted, updates of one resource are merged, requests over the rate are refused. Notifications that are handled here
 * have no rate.
 */
import type { CancelTimer, Clock } from '../base/clock.ts';
import { notificationLine, RPC } from '../protocol/jsonrpc.ts';
import { Message } from '../protocol/message.ts';
import { SERVER_NOTIFICATIONS } from '../protocol/methods.ts';
import type { Peer } from '../protocol/peer.ts';
import { joinPieces } from '../protocol/splice.ts';
import { LineBudget, type LineRate } from '../telemetry/line-rate.ts';
import { type InstanceDeps, limitsOf } from './instance-deps.ts';

/** Dropped messages are reported, and merged updates delivered, after this time. */
const GATHER_MS = 1_000;
/** A burst may hold the messages of this many seconds. */
const BURST_SECONDS = 4;
/**
 * A server that sends more messages than `MOST_PER_WINDOW` in this time is not read for the rest of the window: each
 * message costs CPU time, even a dropped one. The window is short, so that a burst does not delay other servers.
 */
const WINDOW_MS = 10;
const MOST_PER_WINDOW = 100;
/** What is dropped, in words for people. */
type Dropped = 'log messages' | 'notifications';

/** Resources with a pending update. */
const MAX_RESOURCES = 1_000;

export interface NotificationLimiterDeps {
  readonly clock: Clock;
  /** `host/server`, for people. */
  readonly server: string;
  /** The current limit of the hosts file. */
  readonly perSecond: () => number;
  readonly deliver: (notification: Message) => void;
  /** Gets the text that the client gets too. */
  readonly onDropped: (text: string) => void;
  /** Whether reading from the server must pause. */
  readonly onFlood: (isFlooding: boolean) => void;
}

export class NotificationLimiter {
  readonly #deps: NotificationLimiterDeps;
  readonly #budget: LineBudget;
  /** Of notifications that are neither log messages nor updates: a talkative log must not use up their rate. */
  readonly #others: LineBudget;
  readonly #requests: LineBudget;
  readonly #updates = new Map<string, Message>();
  readonly #dropped = new Map<Dropped, number>();
  #cancel: CancelTimer | undefined;
  #windowMs = 0;
  #inWindow = 0;
  #cancelFlood: CancelTimer | undefined;

  constructor(deps: NotificationLimiterDeps) {
    this.#deps = deps;
    const { perSecond, clock } = deps;
    const rate = (): LineRate => ({ burst: perSecond() * BURST_SECONDS, perSecond: perSecond() });
    this.#budget = new LineBudget(rate, clock.monotonic());
    this.#others = new LineBudget(rate, clock.monotonic());
    this.#requests = new LineBudget(rate, clock.monotonic());
  }

  /** False where the server sends too many requests. */
  allowsRequest(): boolean {
    return this.#requests.take(this.#deps.clock.monotonic());
  }

  /** Counts an unasked message that is neither notification nor log message. */
  count(): void {
    this.#countAt(this.#deps.clock.monotonic());
  }

  take(notification: Message): void {
    const nowMs = this.#deps.clock.monotonic();
    this.#countAt(nowMs);
    const isInRate = this.#budgetOf(notification.method)?.take(nowMs) ?? true;
    if (isInRate) this.#deps.deliver(notification);
    else this.#gather(notification);
  }

  #budgetOf(method: string): LineBudget | undefined {
    switch (SERVER_NOTIFICATIONS.get(method) ?? 'pass') {
      case 'relist':
      case 'cancel':
        return undefined;
      case 'log':
      case 'resource':
        return this.#budget;
      default:
        return this.#others;
    }
  }

  #countAt(nowMs: number): void {
    if (nowMs - this.#windowMs > WINDOW_MS) {
      this.#windowMs = nowMs;
      this.#inWindow = 0;
    }
    this.#inWindow += 1;
    if (this.#inWindow < MOST_PER_WINDOW || this.#cancelFlood !== undefined) return;
    this.#deps.onFlood(true);
    const readOn = (): void => {
      this.#cancelFlood = undefined;
      this.#deps.onFlood(false);
    };
    const leftMs = Math.max(1, this.#windowMs + WINDOW_MS - nowMs);
    this.#cancelFlood = this.#deps.clock.after(leftMs, readOn, { background: true });
  }

  stop(): void {
    this.#cancel?.();
    this.#cancelFlood?.();
    this.#updates.clear();
  }

  #gather(notification: Message): void {
    const rule = SERVER_NOTIFICATIONS.get(notification.method);
    const uri = rule === 'resource' ? notification.paramText('uri') : undefined;
    if (uri !== undefined && (this.#updates.size < MAX_RESOURCES || this.#updates.has(uri)))
      this.#updates.set(uri, notification);
    else this.#drop(rule === 'log' || rule === 'resource' ? 'log messages' : 'notifications');
    this.#cancel ??= this.#deps.clock.after(
      GATHER_MS,
      () => {
        this.#tell();
      },
      { background: true },
    );
  }

  #drop(what: Dropped): void {
    this.#dropped.set(what, (this.#dropped.get(what) ?? 0) + 1);
  }

  #tell(): void {
    this.#cancel = undefined;
    const updates = [...this.#updates.values()];
    const dropped = [...this.#dropped];
    this.#updates.clear();
    this.#dropped.clear();
    for (const update of updates) this.#deps.deliver(update);
    for (const [what, count] of dropped) this.#tellDropped(what, count);
  }

  #tellDropped(what: Dropped, count: number): void {
    const { server, perSecond, onDropped, deliver } = this.#deps;
    const data = `${count} ${what} of ${server} dropped: more than ${perSecond()} a second`;
    onDropped(data);
    const params = JSON.stringify({ level: 'warning', logger: 'mcp-anywhere', data });
    const notice = Message.parse(joinPieces(notificationLine('notifications/message', params)));
    if (notice !== undefined) deliver(notice);
  }
}

/** Requests of a server to its client. Requests over a limit are refused at once: a client that never answers costs only that server. */
export class ServerRequests {
  readonly #deps: Pick<InstanceDeps<never>, 'scope' | 'limits'>;
  readonly #peer: Peer;
  readonly #limiter: NotificationLimiter;
  readonly #answer: (request: Message) => Promise<void> | undefined;
  #unanswered = 0;

  /** @param answer as `InstanceOwner.serverRequest` */
  constructor(
    deps: Pick<InstanceDeps<never>, 'scope' | 'limits'>,
    peer: Peer,
    limiter: NotificationLimiter,
    answer: (request: Message) => Promise<void> | undefined,
  ) {
    this.#deps = deps;
    this.#peer = peer;
    this.#limiter = limiter;
    this.#answer = answer;
  }

  take(request: Message): void {
    this.#limiter.count();
    if (request.method === 'ping') this.#peer.reply(request, '{}');
    else this.#ask(request);
  }

  #ask(request: Message): void {
    const { serverRequests, logLinesPerSecond } = limitsOf(this.#deps);
    if (this.#unanswered >= serverRequests)
      this.#refuse(request, `${serverRequests} requests of this server already wait for the client`);
    else if (!this.#limiter.allowsRequest())
      this.#refuse(request, `this server sends more than ${logLinesPerSecond} requests a second`);
    else this.#deps.scope.run(this.#asked(request));
  }

  async #asked(request: Message): Promise<void> {
    this.#unanswered += 1;
    try {
      await this.#answer(request);
    } finally {
      this.#unanswered -= 1;
    }
  }

  #refuse(request: Message, why: string): void {
    this.#peer.replyError(request, RPC.internalError, `refused: ${why}`);
  }
}
