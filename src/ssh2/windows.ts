/**
 * How much a machine may send on a channel before we have read it (RFC 4254, section 5.2).
 *
 * ssh2 allows 2 MB whatever the line. All channels of a connection share its one stream of bytes, and what a loud program
 * has under way stands before everybody else's answers. So while others use the line, a channel is allowed only what
 * keeps it full, which on a quick line is little, and more of it only when all that came was dealt with: a machine that is
 * as quick as we are would else be all that is read.
 */
import type { Readable } from 'node:stream';
import type { Client, ClientChannel } from 'ssh2';
import type { CancelTimer, Clock } from '../base/clock.ts';
import { type ChannelWindow, takeWindows, WINDOW, windowOf } from './internals.ts';

const SMALLEST = 256 * 1024;
/** What a line may bring in a millisecond, 1 Gbit/s. */
const BYTES_PER_MS = 128 * 1024;
/** Whoever has said something on the line uses it for so long. */
const SHARED_MS = 100;
/** A heartbeat is no longer, and any message is: nobody waits for its echo as for an answer. */
const HEARTBEAT_BYTES = 24;
/** For so long we read nothing more of a loud channel then: this process has one processor, and others need it too. */
const REST_MS = 4;

/** Those of one connection. */
export class Windows {
  readonly #clock: Pick<Clock, 'monotonic' | 'after'>;
  readonly #allow: ((id: number, bytes: number) => void) | undefined;
  /** By the machine's number for them. */
  readonly #channels = new Map<number, ChannelWindow>();
  /** Their machine waits to be allowed more. */
  readonly #asking = new Set<ChannelWindow>();
  #cancel: CancelTimer = () => undefined;
  #roundTripMs = Number.POSITIVE_INFINITY;
  /** The channel on which something was said since anybody looked, and until when it counts. */
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

  /** The machine has answered after so long something that it answers at once: the shortest counts. */
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

  /** The connection is over, or about to be: ssh2 would throw if anything more were sent. */
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
