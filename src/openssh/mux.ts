/**
 * The control socket of an OpenSSH master (PROTOCOL.mux of openssh-portable, OpenSSH ≥ 7.4).
 *
 * In proxy mode the socket carries packets of SSH's connection protocol. Channels, refusals, exit codes and windows are data
 * there: no process for each program, and no error text to read.
 */

import type { Socket } from 'node:net';
import { AnywhereError } from '../base/errors.ts';
import { connectedTo } from '../base/local-socket.ts';
import { Framing, framed, uint32, WireReader } from '../ssh/wire.ts';

const VERSION = 4;
const REQUEST_ID = 0;
const HELLO = 0x00000001;
const C_ALIVE_CHECK = 0x10000004;
const C_PROXY = 0x1000000f;
const S_ALIVE = 0x80000005;
const S_PROXY = 0x8000000f;
/** OpenSSH's limit of a proxied packet (CHANNEL_MUX_MAX_PACKET). */
export const MAX_PACKET_BYTES = 256 * 1024;

/** A socket in proxy mode; `framing` may hold the beginning of the next packet. */
export interface MuxProxy {
  readonly socket: Socket;
  readonly framing: Framing;
}

/** Connects to the master at `path` and switches to proxy mode. */
export async function openMuxProxy(path: string, signal: AbortSignal): Promise<MuxProxy> {
  const mux = await Conversation.start(path, signal);
  try {
    const reply = await mux.ask(C_PROXY);
    if (reply !== S_PROXY) throw new Error('the master refused proxy mode');
    return mux.release();
  } catch (error) {
    mux.socket.destroy();
    if (signal.aborted) throw signal.reason;
    throw new AnywhereError('SSH_MISSING', 'the ssh master cannot proxy channels', {
      hint: 'OpenSSH 7.4 or later is needed',
      cause: error,
    });
  }
}

/** Whether a master answers at `path`, as `ssh -O check` asks. */
export async function masterAnswers(path: string, signal: AbortSignal): Promise<boolean> {
  try {
    const mux = await Conversation.start(path, signal);
    try {
      return (await mux.ask(C_ALIVE_CHECK)) === S_ALIVE;
    } finally {
      mux.socket.destroy();
    }
  } catch {
    return false;
  }
}

/** Questions and answers on a control socket, after both hellos. */
class Conversation {
  readonly socket: Socket;
  readonly #framing = new Framing(MAX_PACKET_BYTES);
  readonly #signal: AbortSignal;

  static async start(path: string, signal: AbortSignal): Promise<Conversation> {
    const mux = new Conversation(await connectedTo(path, signal), signal);
    mux.socket.write(framed(uint32(HELLO), uint32(VERSION)));
    const hello = new WireReader(await mux.#next());
    if (hello.uint32() !== HELLO || hello.uint32() !== VERSION) {
      mux.socket.destroy();
      throw new Error('this is not the control socket of an ssh master');
    }
    return mux;
  }

  constructor(socket: Socket, signal: AbortSignal) {
    this.socket = socket;
    this.#signal = signal;
  }

  /** The type of the answer. */
  async ask(type: number): Promise<number> {
    this.socket.write(framed(uint32(type), uint32(REQUEST_ID)));
    return new WireReader(await this.#next()).uint32();
  }

  release(): MuxProxy {
    return { socket: this.socket, framing: this.#framing };
  }

  #next(): Promise<Buffer> {
    const { socket } = this;
    if (socket.destroyed) return Promise.reject(new Error('the control socket closed'));
    return new Promise((resolve, reject) => {
      const settle = (act: () => void): void => {
        socket.off('data', onData).off('close', onClose);
        this.#signal.removeEventListener('abort', onAbort);
        act();
      };
      const onData = (chunk: Buffer): void => {
        try {
          for (const message of this.#framing.push(chunk)) {
            socket.pause();
            settle(() => {
              resolve(message);
            });
          }
        } catch (error) {
          socket.destroy();
          settle(() => {
            reject(error instanceof Error ? error : new Error('the master broke its protocol'));
          });
        }
      };
      const onClose = (): void => {
        settle(() => {
          reject(new Error('the control socket closed'));
        });
      };
      const onAbort = (): void => {
        socket.destroy();
        settle(() => {
          reject(this.#signal.reason as Error);
        });
      };
      socket.on('data', onData).once('close', onClose).resume();
      this.#signal.addEventListener('abort', onAbort, { once: true });
    });
  }
}
