/** The connections of a daemon: each is greeted by its hello, served, and ended in order. */
import type { Socket } from 'node:net';
import { deadline } from '../base/abort.ts';
import type { Clock } from '../base/clock.ts';
import { AnywhereError, asAnywhereError, reportOf } from '../base/errors.ts';
import { answerLine, DRAINING_LINE, firstLine, type Hello, MAX_HELLO_BYTES, parseHello } from './hello.ts';

export interface Connection {
  readonly hello: Hello;
  readonly socket: Socket;
  /** The client waits for an answer. */
  readonly isBusy: () => boolean;
}

/** The time a client has to leave after the request. Then its idle connection is ended: a client that hangs never leaves. */
const LEAVE_MS = 5_000;

export class Connections {
  readonly #clock: Clock;
  #askedMs: number | undefined;
  readonly #open = new Set<Connection>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(connection: Connection): void {
    this.#open.add(connection);
  }

  delete(connection: Connection): void {
    this.#open.delete(connection);
  }

  /** Each client leaves with its last answer: only the client knows which requests the daemon has not read yet. */
  askToLeave(): void {
    this.#askedMs = this.#clock.monotonic();
    for (const { hello, socket } of this.#open)
      if (hello.role === 'mcp' && socket.writable) socket.write(`${DRAINING_LINE}\n`);
  }

  /**
   * Ends idle connections: first of clients that did not leave in time. Faces may wait for a client's end, so their
   * connections end when no client is left.
   */
  endIdle(): void {
    const clients = [...this.#open].filter(({ hello }) => hello.role === 'mcp');
    if (clients.length > 0 && !this.#isOverdue) return;
    const ending = clients.length > 0 ? clients : [...this.#open];
    for (const { isBusy, socket } of ending)
      if (!isBusy() && socket.writableLength === 0) endSocket(socket, this.#clock);
  }

  get #isOverdue(): boolean {
    return this.#askedMs !== undefined && this.#clock.monotonic() - this.#askedMs >= LEAVE_MS;
  }

  endAll(): void {
    for (const { socket } of this.#open) endSocket(socket, this.#clock);
  }
}

/** How long the other side may take to read the last bytes. */
const LINGER_MS = 1_000;

/** Ends a connection. Bytes written before are still delivered, if the other side reads. */
export function endSocket(socket: Socket, clock: Pick<Clock, 'after'>, last = ''): void {
  if (socket.destroyed) return;
  if (!socket.writableEnded) socket.end(last);
  // Later requests could not be answered, so that they are dropped. The stream must flow for its end to be seen.
  socket.removeAllListeners('data').resume();
  const cancel = clock.after(LINGER_MS, () => socket.destroy(), { background: true });
  socket.once('close', cancel);
}

export interface ConnectionDeps {
  readonly clock: Clock;
  readonly version: string;
  readonly pid: number;
  /** Aborted when the daemon ends. */
  readonly signal: AbortSignal;
  /** False: the daemon drains, and a new client needs another daemon. */
  readonly isServing: () => boolean;
  /**
   * Serves the client, and resolves when the client has left. Calls `accept` first, which tells the client.
   * @throws AnywhereError where the client cannot be served
   */
  readonly serve: (socket: Socket, hello: Hello, accept: () => void) => Promise<void>;
}

/** A client sends its hello at once. */
const HELLO_MS = 5_000;

/** Never rejects. Resolves when the connection is over. */
export async function serveConnection(socket: Socket, deps: ConnectionDeps): Promise<void> {
  try {
    const hello = await readHello(socket, deps);
    if (hello !== undefined) await admit(socket, hello, deps);
  } catch (error) {
    refuse(socket, deps, deps.signal.aborted ? ending() : asAnywhereError(error), deps.signal.aborted);
  } finally {
    endSocket(socket, deps.clock);
  }
}

async function admit(socket: Socket, hello: Hello, deps: ConnectionDeps): Promise<void> {
  const { version, pid } = deps;
  if (hello.version !== version) {
    const text = `this daemon is version ${version}, and the program that connects ${hello.version}`;
    refuse(socket, deps, new AnywhereError('NO_DAEMON', text), true);
  } else if (!deps.isServing()) refuse(socket, deps, ending(), true);
  else
    await deps.serve(socket, hello, () => {
      socket.write(answerLine({ ok: true, version, pid }));
    });
}

/** Undefined: the other side left without a hello. */
async function readHello(socket: Socket, { clock, signal }: ConnectionDeps): Promise<Hello | undefined> {
  const late = (): Error => new AnywhereError('USAGE', `no hello came within ${HELLO_MS / 1000} s`);
  const limit = deadline(clock, HELLO_MS, late, signal);
  try {
    const line = await firstLine(socket, MAX_HELLO_BYTES, limit.signal);
    if (line === undefined) return undefined;
    const hello = parseHello(line);
    if (hello === undefined) throw new AnywhereError('USAGE', 'the first line is not a hello of MCP-Anywhere');
    return hello;
  } finally {
    limit.clear();
  }
}

function ending(): AnywhereError {
  return new AnywhereError('NO_DAEMON', 'this daemon is ending');
}

function refuse(socket: Socket, { clock, version, pid }: ConnectionDeps, error: AnywhereError, restart: boolean): void {
  endSocket(socket, clock, answerLine({ ok: false, version, pid, error: reportOf(error), restart }));
}
