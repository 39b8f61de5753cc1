/**
 * The windows of channels: how much a machine may send before we have read it (RFC 4254, section 5.2).
 *
 * ssh2 allows 2 MB on every line. All channels share one stream of bytes, so the bytes of a loud program delay the answers of
 * all others. While others use the connection, a channel gets only the window that keeps the line full, which is small on a
 * fast line. The window opens again only after a pause, or a machine as fast as this process would be all that is read.
 */
import type { Readable } from 'node:stream';
import type { Client, ClientChannel } from 'ssh2';
import type { CancelTimer, Clock } from '../base/clock.ts';
import { type ChannelWindow, takeWindows, WINDOW, windowOf } from './internals.ts';

const SMALLEST = 256 * 1024;
/** The fastest line that is planned for: 1 Gbit/s. */
const BYTES_PER_MS = 128 * 1024;
/** A channel on which something was sent uses the connection for this long. */
const SHARED_MS = 100;
/** Heartbeats are not longer, and messages are. Nobody waits for a heartbeat's echo as for an answer. */
const HEARTBEAT_BYTES = 24;
/** The pause before a loud channel may send more: other work of this process needs the processor too. */
const REST_MS = 4;

/** The windows of one connection. */
export class Windows {
  readonly #clock: Pick<Clock, 'monotonic' | 'after'>;
  readonly #allow: ((id: number, bytes: number) => void) | undefined;
  /** By the machine's channel number. */
  readonly #channels = new Map<number, ChannelWindow>();
  /** Channels whose machine waits for a wider window. */
  readonly #asking = new Set<ChannelWindow>();
  #cancel: CancelTimer = () => undefined;
  #roundTripMs = Number.POSITIVE_INFINITY;
  /** The channel of the latest message, and until when the connection counts as shared. */
  #speaker = -1;
  #sharedUntilMs = 0;

  constructor(client: Client, clock: Pick<Clock, 'monotonic' | 'after'>) {
    this.#clock = clock;
    this.#allow = takeWindows(client, {
      said: (id, bytes) => {
        if (bytes > HEARTBEAT_BYTES) this.#speaker = id;
      },
      read: (id, bytes) => {
        const channel = this.#channels.get(id);
        if (channel === undefined) this.#allow?.(id, bytes);
        else this.#read(channel, bytes);
      },
    });
  }

  /** A round trip was measured; the shortest counts. */
  answeredIn(milliseconds: number): void {
    this.#roundTripMs = Math.min(this.#roundTripMs, milliseconds);
  }

  watch(channel: ClientChannel): void {
    const inside = windowOf(channel);
    if (inside === undefined || this.#allow === undefined) return;
    const { id } = inside.outgoing;
    this.#channels.set(id, inside);
    channel.once('close', () => {
      if (this.#channels.get(id) === inside) this.#channels.delete(id);
    });
  }

  /** The connection ends; ssh2 would throw at anything more that is sent. */
  stop(): void {
    this.#cancel();
    this.#asking.clear();
    this.#channels.clear();
  }

  /** @param bytes that ssh2 would allow, and has added to its own count already */
  #read(channel: ChannelWindow, bytes: number): void {
    channel.incoming.window -= bytes;
    if (!this.#isShared(channel)) this.#fill(channel, WINDOW);
    // In steps of half a window: each costs a packet.
    else if (channel.incoming.window <= this.#narrow / 2) this.#fillLater(channel);
  }

  #isShared({ outgoing }: ChannelWindow): boolean {
    const nowMs = this.#clock.monotonic();
    if (this.#speaker !== -1 && this.#speaker !== outgoing.id) this.#sharedUntilMs = nowMs + SHARED_MS;
    this.#speaker = -1;
    return nowMs < this.#sharedUntilMs;
  }

  get #narrow(): number {
    return Math.min(WINDOW, Math.max(SMALLEST, Math.ceil(this.#roundTripMs * BYTES_PER_MS)));
  }

  #fillLater(channel: ChannelWindow): void {
    if (this.#asking.size === 0) this.#rest();
    this.#asking.add(channel);
  }

  #rest(): void {
    const over = (): void => {
      this.#fillAll();
    };
    this.#cancel = this.#clock.after(REST_MS, over, { background: true });
  }

  #fillAll(): void {
    for (const channel of this.#asking) this.#fill(channel, this.#narrow);
    this.#asking.clear();
  }

  #fill({ incoming, outgoing }: ChannelWindow, window: number): void {
    const more = window - incoming.window;
    if (more <= 0 || outgoing.state === 'closed') return;
    incoming.window += more;
    this.#allow?.(outgoing.id, more);
  }
}

/**
 * stdout and stderr of a channel share one window, and ssh2 opens it again whenever stderr was read: a program that writes
 * both would fill our memory with the stdout that nobody reads. While stdout is full, stderr opens nothing. Call it once
 * for every channel, before anything is read of it.
 */
export function shareWindow(raw: ClientChannel): void {
  const stderr: Readable = raw.stderr;
  const isFull = (): boolean => raw.readableLength >= raw.readableHighWaterMark;
  const push = stderr.push.bind(stderr);
  const read = stderr._read.bind(stderr);
  // False makes ssh2 wait for the next read before it opens the window.
  stderr.push = (chunk: unknown, encoding?: BufferEncoding) => push(chunk, encoding) && !isFull();
  stderr._read = (size: number) => {
    if (!isFull()) read(size);
  };
}
