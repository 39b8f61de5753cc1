/**
 * Bounds what a server says by itself: log messages past the rate are dropped and counted, updates of one resource
 * become one, requests past the rate are refused. Everything else passes; a client that does not keep up holds its servers back.
 */
import type { CancelTimer, Clock } from '../base/clock.ts';
import { notificationLine } from '../protocol/jsonrpc.ts';
import { Message } from '../protocol/message.ts';
import { joinPieces } from '../protocol/splice.ts';
import { LineBudget, type LineRate } from '../telemetry/line-rate.ts';

/** How long is counted before it is told; updates come so late at most. */
const GATHER_MS = 1_000;
/** So many seconds' worth may come at once. */
const BURST_SECONDS = 4;
/**
 * A server that says more in this time is not read for the rest of it: what it says costs us time, kept or not. Short, so
 * that what comes at once keeps nobody else waiting.
 */
const WINDOW_MS = 10;
const MOST_PER_WINDOW = 100;
/** Resources with an update on the way. */
const MAX_RESOURCES = 1_000;

export interface ChatterDeps {
  readonly clock: Clock;
  /** `host/server`, for people. */
  readonly server: string;
  /** As the hosts file says whenever it is asked. */
  readonly perSecond: () => number;
  readonly deliver: (notification: Message) => void;
  /** Told how many; the client is told the same. */
  readonly onDropped: (text: string) => void;
  /** It is to be left unread, or to be read again. */
  readonly onFlood: (isFlooding: boolean) => void;
}

export class Chatter {
  readonly #deps: ChatterDeps;
  readonly #budget: LineBudget;
  readonly #requests: LineBudget;
  readonly #updates = new Map<string, Message>();
  #dropped = 0;
  #cancel: CancelTimer | undefined;
  #windowMs = 0;
  #inWindow = 0;
  #cancelFlood: CancelTimer | undefined;

  constructor(deps: ChatterDeps) {
    this.#deps = deps;
    const { perSecond, clock } = deps;
    const rate = (): LineRate => ({ burst: perSecond() * BURST_SECONDS, perSecond: perSecond() });
    this.#budget = new LineBudget(rate, clock.monotonic());
    this.#requests = new LineBudget(rate, clock.monotonic());
  }

  /** It asks for something: false where it does so too often. */
  allowsRequest(): boolean {
    return this.#requests.take(this.#deps.clock.monotonic());
  }

  /** It says something that nobody asked for. */
  heard(): void {
    this.#count(this.#deps.clock.monotonic());
  }

  take(notification: Message): void {
    const { method } = notification;
    const nowMs = this.#deps.clock.monotonic();
    this.#count(nowMs);
    const isMany = method === 'notifications/message' || method === 'notifications/resources/updated';
    if (!isMany || this.#budget.take(nowMs)) this.#deps.deliver(notification);
    else this.#gather(notification);
  }

  #count(nowMs: number): void {
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

  /** Nothing of it is told any more. */
  stop(): void {
    this.#cancel?.();
    this.#cancelFlood?.();
    this.#updates.clear();
  }

  #gather(notification: Message): void {
    const uri = notification.method === 'notifications/message' ? undefined : notification.paramText('uri');
    if (uri === undefined || (this.#updates.size >= MAX_RESOURCES && !this.#updates.has(uri))) this.#dropped += 1;
    else this.#updates.set(uri, notification);
    this.#cancel ??= this.#deps.clock.after(
      GATHER_MS,
      () => {
        this.#tell();
      },
      { background: true },
    );
  }

  #tell(): void {
    this.#cancel = undefined;
    const updates = [...this.#updates.values()];
    const dropped = this.#dropped;
    this.#updates.clear();
    this.#dropped = 0;
    for (const update of updates) this.#deps.deliver(update);
    if (dropped > 0) this.#tellDropped(dropped);
  }

  #tellDropped(count: number): void {
    const { server, perSecond, onDropped, deliver } = this.#deps;
    const data = `${count} log messages of ${server} dropped: more than ${perSecond()} a second`;
    onDropped(data);
    const params = JSON.stringify({ level: 'warning', logger: 'mcp-anywhere', data });
    const notice = Message.parse(joinPieces(notificationLine('notifications/message', params)));
    if (notice !== undefined) deliver(notice);
  }
}
