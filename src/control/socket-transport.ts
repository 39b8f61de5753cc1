/** Control messages over the daemon's socket, once its hello is answered: one JSON text a line. */
import type { Socket } from 'node:net';
import type { Unsubscribe } from '../base/emitter.ts';
import { Emitter } from '../base/emitter.ts';
import { LineFramer } from '../protocol/framer.ts';
import type { ControlTransport } from './transport.ts';

/** A tool's result may come this way. */
export const MAX_LINE_BYTES = 256 * 1024 * 1024;

/** A face that has left so much unread is itself read no further until it has read some. */
const MOST_UNREAD_BYTES = 8 * 1024 * 1024;

/** Takes the socket over. A line that is no JSON, or too long, ends the connection. */
export function socketTransport(socket: Socket): ControlTransport {
  return new SocketTransport(socket);
}

class SocketTransport implements ControlTransport {
  readonly #socket: Socket;
  readonly #messages = new Emitter<unknown>();
  readonly #closes = new Emitter<void>();

  constructor(socket: Socket) {
    this.#socket = socket;
    const framer = new LineFramer(
      {
        line: (bytes) => {
          this.#receive(bytes);
        },
        overflow: () => {
          socket.destroy();
        },
        oversized: () => undefined,
      },
      MAX_LINE_BYTES,
    );
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#closes.emit();
    });
    socket.on('data', (chunk: Buffer) => {
      framer.push(chunk);
      if (socket.writableLength > MOST_UNREAD_BYTES) socket.pause();
    });
    socket.on('drain', () => {
      socket.resume();
    });
  }

  get backlog(): number {
    return this.#socket.writableLength;
  }

  send(message: object): void {
    if (this.#socket.writable) this.#socket.write(`${JSON.stringify(message)}\n`);
  }

  onMessage(listener: (message: unknown) => void): Unsubscribe {
    return this.#messages.on(listener);
  }

  onClose(listener: () => void): Unsubscribe {
    return this.#closes.on(listener);
  }

  /** What was sent before is still delivered. */
  close(): void {
    this.#socket.end();
  }

  #receive(bytes: Buffer): void {
    let message: unknown;
    try {
      message = JSON.parse(bytes.toString('utf8'));
    } catch {
      this.#socket.destroy();
      return;
    }
    this.#messages.emit(message);
  }
}
