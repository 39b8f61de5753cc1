/** A daemon that runs: it listens on its socket, serves its connections, and ends in order. */
import { createServer, type Server, type Socket } from 'node:net';
import type { FileSource } from '../api/hosts-problems.ts';
import type { Clock } from '../base/clock.ts';
import { asAnywhereError } from '../base/errors.ts';
import { Scope } from '../base/scope.ts';
import type { Environment } from '../config/paths.ts';
import { ControlHub } from '../control/hub.ts';
import type { PromptDesk } from '../control/prompts.ts';
import type { ClientEnvironments } from '../gateway/client-environments.ts';
import type { Gateway } from '../gateway/gateway.ts';
import type { Log, LogLevel } from '../telemetry/log.ts';
import { type BoundSocket, bindSocket } from './bound-socket.ts';
import { serveClient } from './clients.ts';
import { Connections, serveConnection } from './connections.ts';
import { removeRecord, writeRecord } from './daemon-record.ts';
import type { Endpoint } from './endpoint.ts';
import type { Hello } from './hello.ts';
import { foreignUnit } from './inherited.ts';
import { Lifecycle, type LifecycleChange, type LifecycleTimes } from './lifecycle.ts';
import type { Lock } from './lock.ts';

export interface DaemonOptions {
  readonly endpoint: Endpoint;
  /** The lock of the endpoint. The daemon releases the lock as soon as it takes no new client. */
  readonly lock: Lock;
  /** Absolute path of the hosts file, and how the file was found. */
  readonly file: string;
  readonly source: FileSource;
  readonly version: string;
  /** The environment of the client that started the daemon. */
  readonly env: Environment;
  readonly cwd: string;
  readonly homeDir: string;
  readonly logLevel: LogLevel;
  readonly times: LifecycleTimes;
  readonly clock: Clock;
  readonly process: NodeJS.Process;
  /** Ends the daemon at once, even with calls under way. */
  readonly stop: AbortSignal;
  /** Clients can connect from now on. */
  readonly onServing: () => void;
}

export interface DaemonParts {
  readonly gateway: Gateway;
  readonly environments: ClientEnvironments;
  readonly prompts: PromptDesk;
  readonly log: Log;
}

/** How often the daemon checks that the socket on its path is its own. */
const WATCH_MS = 2_000;
/** How often a draining daemon checks whether its clients have their answers. */
const DRAIN_LOOK_MS = 50;

export class DaemonServer {
  readonly #options: DaemonOptions;
  readonly #parts: DaemonParts;
  readonly #scope: Scope;
  readonly #lifecycle: Lifecycle;
  readonly #connections: Connections;
  readonly #hub: ControlHub;
  readonly #server: Server;
  readonly #ended: Promise<void>;
  #bound: Promise<BoundSocket> | undefined;
  #released: Promise<void> | undefined;

  constructor(options: DaemonOptions, parts: DaemonParts) {
    const { clock, times, version, process, env } = options;
    this.#options = options;
    this.#parts = parts;
    this.#scope = new Scope((error) => {
      parts.log.error({ error: asAnywhereError(error) }, 'work in the background failed');
    });
    this.#lifecycle = new Lifecycle(clock, times);
    this.#connections = new Connections(clock);
    this.#hub = new ControlHub({
      ...{ gateway: parts.gateway, log: parts.log, version, prompts: parts.prompts },
      daemon: { pid: process.pid, startedMs: clock.now() },
      foreignUnit: () => foreignUnit(env, process.pid),
      stop: ({ drain }) => {
        // The reply goes first.
        clock.after(0, () => {
          this.#lifecycle.dispatch({ type: drain ? 'drain' : 'end' }, 'a person stopped the daemon');
        });
      },
    });
    this.#server = createServer((socket) => {
      this.#connected(socket);
    });
    this.#server.on('error', (error) => {
      parts.log.error({ error }, 'a connection could not be accepted');
    });
    this.#ended = new Promise((resolve) => {
      this.#lifecycle.changes.on((change) => {
        this.#changed(change);
        if (change.to.kind === 'ended') resolve();
      });
    });
  }

  /** Resolves when the daemon has ended. */
  async run(): Promise<void> {
    const { stop, onServing } = this.#options;
    const onStop = (): void => {
      this.#lifecycle.dispatch({ type: 'end' }, 'a signal ended the daemon');
    };
    stop.addEventListener('abort', onStop, { once: true });
    try {
      await this.#listen();
      if (stop.aborted) onStop();
      onServing();
      this.#parts.gateway.start();
      await this.#ended;
    } finally {
      stop.removeEventListener('abort', onStop);
      await this.#close();
    }
  }

  async #listen(): Promise<void> {
    const { endpoint, version, file, clock, process } = this.#options;
    this.#bound = bindSocket(this.#server, endpoint, process.pid);
    const bound = await this.#bound;
    // First of all: clients that have connected meanwhile wait for this.
    this.#lifecycle.dispatch({ type: 'bound' }, 'the socket is bound');
    this.#watch(bound);
    const { socket, log } = endpoint;
    await writeRecord(endpoint, { pid: process.pid, version, file, socket, log, sinceMs: clock.now() });
  }

  /** First no new client is accepted, then the connections end, then the hosts. */
  async #close(): Promise<void> {
    await this.#release();
    this.#connections.endAll();
    this.#server.close();
    this.#hub.close();
    const served = this.#scope.close();
    await this.#parts.gateway.close();
    await served;
  }

  #connected(socket: Socket): void {
    // `serveConnection` sees the end of the socket.
    socket.on('error', () => undefined);
    const { clock, version, process } = this.#options;
    const deps = {
      ...{ clock, version, pid: process.pid },
      signal: this.#scope.signal,
      isServing: () => this.#lifecycle.state.kind === 'serving',
      serve: (one: Socket, hello: Hello, accept: () => void) => this.#serve(one, hello, accept),
    };
    this.#scope.run(Promise.resolve(this.#bound).then(() => serveConnection(socket, deps)));
  }

  async #serve(socket: Socket, hello: Hello, accept: () => void): Promise<void> {
    const { gateway, environments } = this.#parts;
    const deps = { gateway, environments, hub: this.#hub, scope: this.#scope };
    const { ended, isBusy } = serveClient(socket, hello, deps, accept);
    const connection = { hello, socket, isBusy };
    this.#connections.add(connection);
    this.#lifecycle.dispatch({ type: 'joined' }, `${hello.role} of process ${hello.pid} connected`);
    try {
      await ended;
    } finally {
      this.#connections.delete(connection);
      this.#lifecycle.dispatch({ type: 'left' }, `${hello.role} of process ${hello.pid} left`);
    }
  }

  #changed({ from, to, reason }: LifecycleChange): void {
    this.#parts.log.info({ state: to.kind, reason, ...('clients' in to ? { clients: to.clients } : {}) }, 'daemon');
    if (to.kind === 'draining' && from.kind !== 'draining') this.#scope.run(this.#beginDrain());
  }

  /** The next daemon can start before clients are asked to leave. */
  async #beginDrain(): Promise<void> {
    await this.#release();
    this.#connections.askToLeave();
    this.#drain();
  }

  #drain(): void {
    if (this.#lifecycle.state.kind !== 'draining') return;
    this.#connections.endIdle();
    this.#options.clock.after(DRAIN_LOOK_MS, () => {
      this.#drain();
    });
  }

  /** Gives socket and lock to the next daemon; once. */
  #release(): Promise<void> {
    this.#released ??= this.#giveUpEndpoint();
    return this.#released;
  }

  async #giveUpEndpoint(): Promise<void> {
    const { endpoint, lock, process } = this.#options;
    await this.#bound?.then(
      (bound) => bound.remove(),
      () => undefined,
    );
    await removeRecord(endpoint, process.pid);
    await lock.release();
  }

  #watch(bound: BoundSocket): void {
    const look = async (): Promise<void> => {
      if (!(await bound.isOurs()))
        this.#lifecycle.dispatch({ type: 'drain' }, 'the socket is no longer on the path of the daemon');
      else if (this.#lifecycle.state.kind === 'serving') this.#watch(bound);
    };
    this.#options.clock.after(
      WATCH_MS,
      () => {
        if (this.#lifecycle.state.kind === 'serving') this.#scope.run(look());
      },
      { background: true },
    );
  }
}
