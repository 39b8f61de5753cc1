/**
 * How much a machine may send on a channel before we have read it (RFC 4254, section 5.2).
 *
 * ssh2 allows 2 MB whatever the line. All channels of a connection share its one stream of bytes, and what a loud program
 * has under way stands before everybody else's answers. So while others use the line, a channel is allowed only what
 * keeps it full, which on a quick line is little, and more of it only when all that came was dealt with: a machine that is
 * as quick as we are would else be all that is read.
 */
import type { Client, ClientChannel } from 'ssh2';
import type { CancelTimer, Clock } from '../../base/clock.ts';
import { type ChannelInternals, internalsOf, WINDOW } from './internals.ts';

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
  readonly #allow: (id: number, bytes: number) => void;
  /** By the machine's number for them. */
  readonly #channels = new Map<number, ChannelInternals>();
  /** Their machine waits to be allowed more. */
  readonly #asking = new Set<ChannelInternals>();
  #cancel: CancelTimer = () => undefined;
  #roundTripMs = Number.POSITIVE_INFINITY;
  /** The channel on which something was said since anybody looked, and until when it counts. */
  #speaker = -1;
  #sharedUntilMs = 0;

  constructor(client: Client, clock: Pick<Clock, 'monotonic' | 'after'>) {
    const { _protocol: protocol } = internalsOf(client);
    this.#clock = clock;
    this.#allow = protocol.channelWindowAdjust.bind(protocol);
    const send = protocol.channelData.bind(protocol);
    protocol.channelData = (id, bytes) => {
      if (bytes.length > HEARTBEAT_BYTES) this.#speaker = id;
      send(id, bytes);
    };
    protocol.channelWindowAdjust = (id, bytes) => {
      const channel = this.#channels.get(id);
      if (channel === undefined) this.#allow(id, bytes);
      else this.#read(channel, bytes);
    };
  }

  /** The machine has answered after so long something that it answers at once: the shortest counts. */
  answeredIn(milliseconds: number): void {
    this.#roundTripMs = Math.min(this.#roundTripMs, milliseconds);
  }

  watch(channel: ClientChannel): void {
    const inside = channel as unknown as ChannelInternals;
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
  #read(channel: ChannelInternals, bytes: number): void {
    channel.incoming.window -= bytes;
    if (!this.#isShared(channel)) this.#fill(channel, WINDOW);
    // In steps of half a window: each costs a packet.
    else if (channel.incoming.window <= this.#narrow / 2) this.#fillLater(channel);
  }

  #isShared({ outgoing }: ChannelInternals): boolean {
    const nowMs = this.#clock.monotonic();
    if (this.#speaker !== -1 && this.#speaker !== outgoing.id) this.#sharedUntilMs = nowMs + SHARED_MS;
    this.#speaker = -1;
    return nowMs < this.#sharedUntilMs;
  }

  get #narrow(): number {
    return Math.min(WINDOW, Math.max(SMALLEST, Math.ceil(this.#roundTripMs * BYTES_PER_MS)));
  }

  #fillLater(channel: ChannelInternals): void {
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

  #fill({ incoming, outgoing }: ChannelInternals, window: number): void {
    const more = window - incoming.window;
    if (more <= 0 || outgoing.state === 'closed') return;
    incoming.window += more;
    this.#allow(outgoing.id, more);
  }
}
