/** The channels of one control socket in proxy mode, and the routing of messages to them. */
import { AnywhereError } from '../base/errors.ts';
import { WireReader } from '../ssh/wire.ts';
import { MuxChannel } from './channel.ts';
import type { PacketSink, RemoteEnd } from './flow-control.ts';
import { channelOpen, MESSAGE } from './messages.ts';
import type { MuxProxy } from './mux.ts';

/** An open that is not answered yet. */
interface Opening {
  confirm(remote: RemoteEnd): MuxChannel;
  refuse(error: AnywhereError): void;
}

export class MuxConnection {
  /** Resolves once the socket has closed. */
  readonly closed: Promise<void>;
  readonly #mux: MuxProxy;
  readonly #host: string;
  readonly #sink: PacketSink;
  readonly #openings = new Map<number, Opening>();
  readonly #channels = new Map<number, MuxChannel>();
  #lastId = 0;
  #lost: AnywhereError | undefined;

  constructor(mux: MuxProxy, host: string) {
    this.#mux = mux;
    this.#host = host;
    const { socket } = mux;
    const isAlive = (): boolean => this.#lost === undefined && !socket.destroyed;
    this.#sink = {
      send: (...parts) => this.#send(parts),
      drained: () => this.#drained(),
      get alive() {
        return isAlive();
      },
    };
    this.closed = new Promise((resolve) => {
      if (socket.destroyed) resolve();
      else
        socket.once('close', () => {
          resolve();
        });
    });
    socket.on('data', (chunk: Buffer) => {
      this.#receive(chunk);
    });
    socket.resume();
  }

  /** Opens a channel (RFC 4254 §5.1). Rejects with CHANNEL_REFUSED, or with the cause of a lost connection. */
  async open(type: 'session' | 'direct-tcpip', details: Buffer, signal: AbortSignal): Promise<MuxChannel> {
    signal.throwIfAborted();
    if (this.#lost !== undefined) throw this.#lost;
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve, reject) => {
      const abandon = (): void => {
        reject(signal.reason as Error);
      };
      signal.addEventListener('abort', abandon, { once: true });
      this.#openings.set(id, {
        confirm: (remote) => {
          signal.removeEventListener('abort', abandon);
          const channel = new MuxChannel(this.#sink, remote);
          if (signal.aborted) channel.close();
          resolve(channel);
          return channel;
        },
        refuse: (error) => {
          signal.removeEventListener('abort', abandon);
          reject(error);
        },
      });
      this.#send([channelOpen(type, id, details)]);
    });
  }

  /** Ends every channel as lost, and the socket. */
  lose(cause: AnywhereError): void {
    if (this.#lost !== undefined) return;
    this.#lost = cause;
    for (const opening of this.#openings.values()) opening.refuse(cause);
    for (const channel of this.#channels.values()) channel.lose(cause);
    this.#openings.clear();
    this.#channels.clear();
    this.#mux.socket.destroy();
  }

  /** Closes every channel, then the socket; `closed` follows. */
  end(cause: AnywhereError): void {
    for (const channel of this.#channels.values()) channel.close();
    this.#mux.socket.end(() => {
      this.lose(cause);
    });
  }

  /** Everything of one turn of the event loop leaves in one write. */
  #send(parts: readonly Buffer[]): boolean {
    const { socket } = this.#mux;
    if (this.#lost !== undefined || socket.destroyed) return true;
    if (socket.writableCorked === 0) {
      socket.cork();
      process.nextTick(() => {
        socket.uncork();
      });
    }
    let room = true;
    for (const part of parts) room = socket.write(part);
    return room;
  }

  #drained(): Promise<void> {
    const { socket } = this.#mux;
    if (socket.destroyed || !socket.writableNeedDrain) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        socket.off('drain', done).off('close', done);
        resolve();
      };
      socket.on('drain', done).on('close', done);
    });
  }

  #receive(chunk: Buffer): void {
    try {
      for (const message of this.#mux.framing.push(chunk)) this.#dispatch(message);
    } catch (error) {
      this.lose(
        new AnywhereError('LINK_LOST', 'the ssh master broke its protocol', { host: this.#host, cause: error }),
      );
    }
  }

  #dispatch(message: Buffer): void {
    const type = message.readUInt8(1);
    const body = new WireReader(message, 2);
    if (type < MESSAGE.channelOpenConfirmation) return;
    const id = body.uint32();
    const opening = this.#openings.get(id);
    if (opening !== undefined) this.#answer(id, opening, type, body);
    else if (this.#channels.get(id)?.receive(type, body) === true) this.#channels.delete(id);
  }

  #answer(id: number, opening: Opening, type: number, body: WireReader): void {
    this.#openings.delete(id);
    if (type === MESSAGE.channelOpenConfirmation) {
      const remote = { id: body.uint32(), windowBytes: body.uint32(), maxPacketBytes: body.uint32() };
      this.#channels.set(id, opening.confirm(remote));
    } else opening.refuse(refusalOf(this.#host, body));
  }
}

/** RFC 4254 §5.1: reason code and description, kept as evidence. */
function refusalOf(host: string, body: WireReader): AnywhereError {
  const reason = body.uint32();
  const description = body.text();
  return new AnywhereError('CHANNEL_REFUSED', 'the host refused to open a channel', {
    host,
    evidence: [`reason ${reason}: ${description}`],
  });
}
