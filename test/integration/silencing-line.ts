/** A TCP line that goes silent at a byte: what comes later vanishes, in both directions, and nothing is ever closed. */
import { connect, createServer, type Socket } from 'node:net';

export class SilencingLine {
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
    this.#relay(near);
  });
  #to = 0;
  /** Bytes that the near side may still send. */
  #left = Number.POSITIVE_INFINITY;
  port = 0;

  async start(to: number): Promise<void> {
    this.#to = to;
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('no TCP address');
    this.port = address.port;
  }

  /** Silent once the near side has sent so many more bytes. */
  silenceAfter(bytes: number): void {
    this.#left = bytes;
  }

  stop(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  #relay(near: Socket): void {
    const far = connect({ port: this.#to, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    for (const socket of [near, far]) {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
    }
    near.on('data', (bytes: Buffer) => {
      const through = bytes.subarray(0, this.#left);
      this.#left -= through.length;
      if (through.length > 0) far.write(through);
    });
    far.on('data', (bytes: Buffer) => {
      if (this.#left > 0) near.write(bytes);
    });
    near.on('end', () => {
      if (this.#left > 0) far.end();
    });
    far.on('end', () => {
      if (this.#left > 0) near.end();
    });
  }
}
