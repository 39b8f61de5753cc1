/** A TCP proxy on loopback that delays, cuts, resets and swallows, as networks do. */
import { connect, createServer, type Server, type Socket } from 'node:net';

export interface ProxyOptions {
  /** Port on loopback that it leads to. */
  readonly to: number;
  /** Added to every byte, one way, in each direction: the round trip grows by twice this. Default 0. */
  readonly delayMs?: number;
}

export interface Proxy {
  readonly port: number;
  /** Connections open now. */
  readonly connections: number;
  /** Connections whose near end is gone, and whose far end was never told: they went silent. */
  readonly halfOpen: number;
  /** Connections accepted since the start. */
  readonly accepted: number;
  /** Ends all connections in order (FIN) and refuses further ones until `heal`. */
  cut(): Promise<void>;
  /** Resets all connections (RST) and refuses further ones until `heal`. */
  reset(): Promise<void>;
  /** From now on every byte vanishes and nothing is closed: connections stay open, further ones are accepted and silent. */
  blackhole(): void;
  /** Works again; connections that were silent stay dead, as after a lost route. */
  heal(): Promise<void>;
  /** Changes the delay of the connections accepted from now on. */
  setDelay(delayMs: number): void;
  stop(): Promise<void>;
}

interface Pair {
  readonly client: Socket;
  readonly target: Socket;
  readonly delayMs: number;
}

export async function startProxy(options: ProxyOptions): Promise<Proxy> {
  const proxy = new LoopbackProxy(options);
  await proxy.listen(0);
  return proxy;
}

class LoopbackProxy implements Proxy {
  readonly #to: number;
  #delayMs: number;
  #pairs = new Set<Pair>();
  #silent = false;
  #server: Server | undefined;
  port = 0;
  accepted = 0;

  constructor(options: ProxyOptions) {
    this.#to = options.to;
    this.#delayMs = options.delayMs ?? 0;
  }

  get connections(): number {
    return [...this.#pairs].filter(({ client }) => !client.destroyed).length;
  }

  get halfOpen(): number {
    const isGone = ({ destroyed, readableEnded }: Socket): boolean => destroyed || readableEnded;
    return [...this.#pairs].filter(({ client, target }) => isGone(client) && !isGone(target)).length;
  }

  async listen(port: number): Promise<void> {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
      this.#accept(client);
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', resolve);
    });
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no TCP address');
    this.#server = server;
    this.port = address.port;
  }

  cut(): Promise<void> {
    return this.#endAll((socket) => {
      socket.end();
      socket.destroySoon();
    });
  }

  reset(): Promise<void> {
    return this.#endAll((socket) => {
      // Node cannot reset what is shutting down: the handle would never close, and the program spin at its exit.
      const isShuttingDown = socket.writableEnded && !socket.writableFinished;
      if (isShuttingDown) socket.destroy();
      else socket.resetAndDestroy();
    });
  }

  blackhole(): void {
    this.#silent = true;
  }

  async heal(): Promise<void> {
    if (this.#silent) for (const pair of this.#pairs) this.#mute(pair);
    this.#silent = false;
    if (this.#server === undefined) await this.listen(this.port);
  }

  setDelay(delayMs: number): void {
    this.#delayMs = delayMs;
  }

  stop(): Promise<void> {
    return this.#endAll((socket) => {
      socket.destroy();
    });
  }

  #accept(client: Socket): void {
    this.accepted += 1;
    const target = connect({ port: this.#to, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    const pair = { client, target, delayMs: this.#delayMs };
    this.#pairs.add(pair);
    for (const socket of [client, target]) {
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        this.#closed(pair);
      });
    }
    this.#relay(client, target, pair.delayMs);
    this.#relay(target, client, pair.delayMs);
  }

  #relay(from: Socket, to: Socket, delayMs: number): void {
    from.on('data', (bytes: Buffer) => {
      this.#later(delayMs, () => {
        if (to.destroyed || to.write(bytes) || from.isPaused()) return;
        from.pause();
        to.once('drain', () => from.resume());
      });
    });
    from.on('end', () => {
      this.#later(delayMs, () => to.end());
    });
  }

  /** Bytes already under way when the line goes silent are lost too. Timers of one delay keep their order. */
  #later(delayMs: number, deliver: () => void): void {
    if (this.#silent) return;
    if (delayMs === 0) {
      deliver();
      return;
    }
    setTimeout(() => {
      if (!this.#silent) deliver();
    }, delayMs);
  }

  #closed(pair: Pair): void {
    if (pair.client.closed && pair.target.closed) this.#pairs.delete(pair);
    if (this.#silent) return;
    // What was sent before the end arrives before it.
    this.#later(pair.delayMs, () => {
      pair.client.destroySoon();
      pair.target.destroySoon();
    });
  }

  /** A connection that went silent never speaks again; both ends are left to find out. */
  #mute(pair: Pair): void {
    for (const socket of [pair.client, pair.target]) {
      socket.removeAllListeners('data');
      socket.removeAllListeners('end');
      socket.resume();
    }
  }

  async #endAll(end: (socket: Socket) => void): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    const closed = server === undefined ? undefined : new Promise((resolve) => server.close(resolve));
    const gone = [...this.#pairs].flatMap(({ client, target }) => [client, target]).map(closeOf);
    for (const { client, target } of this.#pairs) {
      end(client);
      end(target);
    }
    await Promise.all([closed, ...gone]);
    this.#pairs.clear();
  }
}

function closeOf(socket: Socket): Promise<void> {
  if (socket.closed) return Promise.resolve();
  return new Promise((resolve) =>
    socket.once('close', () => {
      resolve();
    }),
  );
}
