/** One channel of SSH's connection protocol (RFC 4254 §5, §6.10): messages, streams and end. */
import type { Readable, Writable } from 'node:stream';
import type { AnywhereError } from '../base/errors.ts';
import type { Channel, ChannelEnd } from '../launch/contract.ts';
import type { WireReader } from '../ssh/wire.ts';
import { Incoming, Outgoing, type PacketSink, type RemoteEnd } from './flow-control.ts';
import { channelClose, channelFailure, EXTENDED_DATA_STDERR, MESSAGE, windowAdjust } from './messages.ts';

interface Exit {
  readonly code: number | undefined;
  readonly signal: string | undefined;
}

export class MuxChannel implements Channel {
  readonly ended: Promise<ChannelEnd>;
  dead = false;

  readonly #sink: PacketSink;
  readonly #remoteId: number;
  readonly #outgoing: Outgoing;
  readonly #incoming: Incoming;
  #settleEnd: (end: ChannelEnd) => void = () => undefined;
  #exit: Exit = { code: undefined, signal: undefined };
  #closeSent = false;
  #onReply: (accepted: boolean) => void = () => undefined;

  constructor(sink: PacketSink, remote: RemoteEnd) {
    this.#sink = sink;
    this.#remoteId = remote.id;
    this.#outgoing = new Outgoing(sink, remote);
    this.#incoming = new Incoming((bytes) => {
      if (!this.dead && !this.#closeSent) sink.send(windowAdjust(remote.id, bytes));
    });
    this.ended = new Promise((resolve) => {
      this.#settleEnd = resolve;
    });
  }

  get input(): Writable {
    return this.#outgoing.stream;
  }

  get output(): Readable {
    return this.#incoming.output;
  }

  get errors(): Readable {
    return this.#incoming.errors;
  }

  /** Sends a channel request; resolves with whether the machine accepted. One at a time. */
  request(packet: (remoteId: number) => Buffer): Promise<boolean> {
    return new Promise((resolve) => {
      this.#onReply = resolve;
      this.#sink.send(packet(this.#remoteId));
    });
  }

  /** Sends a channel request without an answer. */
  tell(packet: (remoteId: number) => Buffer): void {
    this.#sink.send(packet(this.#remoteId));
  }

  close(): void {
    if (this.dead || this.#closeSent) return;
    this.#outgoing.sendEof();
    this.#sendClose();
    this.#finish({ kind: 'closed' });
  }

  /** The connection died. */
  lose(cause: AnywhereError): void {
    if (this.dead) return;
    this.dead = true;
    this.#finish({ kind: 'lost', cause });
  }

  /** @returns true for the last message of the channel */
  receive(type: number, body: WireReader): boolean {
    switch (type) {
      case MESSAGE.channelData:
        this.#incoming.deliver(this.output, body.string());
        return false;
      case MESSAGE.channelExtendedData:
        this.#incoming.deliver(body.uint32() === EXTENDED_DATA_STDERR ? this.errors : undefined, body.string());
        return false;
      case MESSAGE.channelWindowAdjust:
        this.#outgoing.widen(body.uint32());
        return false;
      case MESSAGE.channelEof:
        this.#incoming.end();
        return false;
      case MESSAGE.channelRequest:
        this.#receiveRequest(body);
        return false;
      case MESSAGE.channelSuccess:
      case MESSAGE.channelFailure:
        this.#onReply(type === MESSAGE.channelSuccess);
        return false;
      case MESSAGE.channelClose:
        this.#sendClose();
        this.#finish({ kind: 'exited', ...this.#exit });
        return true;
      default:
        return false;
    }
  }

  #receiveRequest(body: WireReader): void {
    const name = body.text();
    const wantsReply = body.boolean();
    if (name === 'exit-status') this.#exit = { code: body.uint32(), signal: undefined };
    else if (name === 'exit-signal') this.#exit = { code: undefined, signal: body.text() };
    else if (wantsReply) this.#sink.send(channelFailure(this.#remoteId));
  }

  #sendClose(): void {
    if (this.#closeSent || this.dead) return;
    this.#closeSent = true;
    this.#sink.send(channelClose(this.#remoteId));
  }

  #finish(end: ChannelEnd): void {
    this.#incoming.end();
    this.#outgoing.stop(end.kind === 'lost' ? end.cause : undefined);
    this.#onReply(false);
    this.#settleEnd(end);
  }
}
