/** How control messages travel: the same over memory as over the daemon's socket, one JSON text a message. */

import type { Unsubscribe } from '../base/emitter.ts';
import { Emitter } from '../base/emitter.ts';

export interface ControlTransport {
  /** Bytes that were sent and wait for the other side to read. */
  readonly backlog: number;
  send(message: object): void;
  onMessage(listener: (message: unknown) => void): Unsubscribe;
  onClose(listener: () => void): Unsubscribe;
  close(): void;
}

/** Two ends in one process. Messages are copied through JSON, so that nothing works here that would not over a socket. */
export function memoryTransports(): readonly [ControlTransport, ControlTransport] {
  const left = new MemoryEnd();
  const right = new MemoryEnd();
  left.peer = right;
  right.peer = left;
  return [left, right];
}

class MemoryEnd implements ControlTransport {
  peer: MemoryEnd | undefined;
  readonly backlog = 0;
  readonly #messages = new Emitter<unknown>();
  readonly #closes = new Emitter<void>();
  #closed = false;

  send(message: object): void {
    const text = JSON.stringify(message);
    // Not within the sender's call, as with a socket.
    queueMicrotask(() => this.peer?.receive(text));
  }

  onMessage(listener: (message: unknown) => void): Unsubscribe {
    return this.#messages.on(listener);
  }

  onClose(listener: () => void): Unsubscribe {
    return this.#closes.on(listener);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#closes.emit();
    this.peer?.close();
  }

  receive(text: string): void {
    if (!this.#closed) this.#messages.emit(JSON.parse(text) as unknown);
  }
}
