/** What stands while a daemon runs: its socket, its connections and its life; and how all of it ends in order. */
import { createServer, type Server, type Socket } from 'node:net';
import { asAnywhereError } from '../base/errors.ts';
import { Scope } from '../base/scope.ts';
import { ControlHub } from '../control/hub.ts';
import type { PromptDesk } from '../control/prompts.ts';
import type { ClientEnvironments } from '../gateway/client-environments.ts';
import type { Gateway } from '../gateway/gateway.ts';
import type { Log } from '../telemetry/log.ts';
import { type BoundSocket, bindSocket } from './bound-socket.ts';
import { attend } from './clients.ts';
import { Connections } from './connections.ts';
import { DaemonLife } from './daemon-life.ts';
import type { DaemonOptions } from './daemon-options.ts';
import { removeRecord, writeRecord } from './daemon-record.ts';
import type { Hello } from './hello.ts';
import { foreignUnit } from './inherited.ts';
import type { LifecycleChange } from './lifecycle.ts';
import { openDoor } from './socket-door.ts';

export interface HouseParts {
  readonly gateway: Gateway;
  readonly environments: ClientEnvironments;
  readonly prompts: PromptDesk;
  readonly log: Log;
}

/** How often it looks whether the socket on its path is still its own. */
const WATCH_MS = 2_000;
/** How often it looks whether a client that it sees off has got its answers. */
const DRAIN_LOOK_MS = 50;

export class DaemonHouse {
  readonly #options: DaemonOptions;
  readonly #parts: HouseParts;
  readonly #scope: Scope;
  readonly #life: DaemonLife;
  readonly #connections: Connections;
  readonly #hub: ControlHub;
  readonly #server: Server;
  readonly #gone: Promise<void>;
  #bound: Promise<BoundSocket> | undefined;
  #left: Promise<void> | undefined;

  constructor(options: DaemonOptions, parts: HouseParts) {
    const { clock, times, version, process, env } = options;
    this.#options = options;
    this.#parts = parts;
    this.#scope = new Scope((error) => {
      parts.log.error({ error: asAnywhereError(error) }, 'work in the background failed');
    });
    this.#life = new DaemonLife(clock, times);
    this.#connections = new Connections(clock);
    this.#hub = new ControlHub({
      ...{ gateway: parts.gateway, clock, version, daemonPid: process.pid, prompts: parts.prompts },
      foreignUnit: () => foreignUnit(env, process.pid),
      stop: ({ drain }) => {
        // The reply goes first.
        clock.after(0, () => {
          this.#life.dispatch({ type: drain ? 'drain' : 'end' }, 'a person stopped it');
        });
      },
    });
    this.#server = createServer((socket) => {
      this.#connected(socket);
    });
    this.#server.on('error', (error) => {
      parts.log.error({ error }, 'a connection could not be taken');
    });
    this.#gone = new Promise((resolve) => {
      this.#life.changes.on((change) => {
        this.#changed(change);
        if (change.to.kind === 'gone') resolve();
      });
    });
  }

  /** Resolves when it is over. */
  async run(): Promise<void> {
    const { stop, onServing } = this.#options;
    const onStop = (): void => {
      this.#life.dispatch({ type: 'end' }, 'a signal ended it');
    };
    stop.addEventListener('abort', onStop, { once: true });
    try {
      await this.#begin();
      if (stop.aborted) onStop();
      onServing();
      this.#parts.gateway.start();
      await this.#gone;
    } finally {
      stop.removeEventListener('abort', onStop);
      await this.#end();
    }
  }

  async #begin(): Promise<void> {
    const { endpoint, version, file, clock, process } = this.#options;
    this.#bound = bindSocket(this.#server, endpoint, process.pid);
    const bound = await this.#bound;
    // Before anything else: whoever has connected meanwhile waits for this alone.
    this.#life.dispatch({ type: 'bound' }, 'the socket is bound');
    this.#watch(bound);
    const { socket, log } = endpoint;
    await writeRecord(endpoint, { pid: process.pid, version, file, socket, log, sinceMs: clock.now() });
  }

  /** Nobody new comes; who is here ends; then the hosts. */
  async #end(): Promise<void> {
    await this.#leave();
    this.#connections.endAll();
    this.#server.close();
    this.#hub.close();
    const served = this.#scope.close();
    await this.#parts.gateway.close();
    await served;
  }

  #connected(socket: Socket): void {
    // Its end is seen by whoever serves it.
    socket.on('error', () => undefined);
    const { clock, version, process } = this.#options;
    const door = {
      ...{ clock, version, pid: process.pid },
      signal: this.#scope.signal,
      isOpen: () => this.#life.state.kind === 'serving',
      serve: (one: Socket, hello: Hello, accept: () => void) => this.#serve(one, hello, accept),
    };
    this.#scope.run(Promise.resolve(this.#bound).then(() => openDoor(socket, door)));
  }

  async #serve(socket: Socket, hello: Hello, accept: () => void): Promise<void> {
    const { gateway, environments } = this.#parts;
    const deps = { gateway, environments, hub: this.#hub, scope: this.#scope };
    const { ended, isBusy } = attend(socket, hello, deps, accept);
    const connection = { hello, socket, isBusy };
    this.#connections.add(connection);
    this.#life.dispatch({ type: 'joined' }, `${hello.role} of process ${hello.pid} connected`);
    try {
      await ended;
    } finally {
      this.#connections.delete(connection);
      this.#life.dispatch({ type: 'left' }, `${hello.role} of process ${hello.pid} left`);
    }
  }

  #changed({ from, to, reason }: LifecycleChange): void {
    this.#parts.log.info({ state: to.kind, reason, ...('clients' in to ? { clients: to.clients } : {}) }, 'daemon');
    if (to.kind !== 'draining' || from.kind === 'draining') return;
    this.#scope.run(this.#seeOff());
  }

  /** The next daemon can begin before a client is sent to it. */
  async #seeOff(): Promise<void> {
    await this.#leave();
    this.#connections.askToLeave();
    this.#drain();
  }

  /** Gives socket and lock to whoever comes next; once. */
  #leave(): Promise<void> {
    this.#left ??= this.#giveUp();
    return this.#left;
  }

  async #giveUp(): Promise<void> {
    const { endpoint, lock, process } = this.#options;
    await this.#bound?.then(
      (bound) => bound.remove(),
      () => undefined,
    );
    await removeRecord(endpoint, process.pid);
    await lock.release();
  }

  #drain(): void {
    if (this.#life.state.kind !== 'draining') return;
    this.#connections.endIdle();
    this.#options.clock.after(DRAIN_LOOK_MS, () => {
      this.#drain();
    });
  }

  #watch(bound: BoundSocket): void {
    const look = async (): Promise<void> => {
      if (!(await bound.isOurs())) this.#life.dispatch({ type: 'drain' }, 'its socket is no longer on its path');
      else if (this.#life.state.kind === 'serving') this.#watch(bound);
    };
    this.#options.clock.after(
      WATCH_MS,
      () => {
        if (this.#life.state.kind === 'serving') this.#scope.run(look());
      },
      { background: true },
    );
  }
}
