/** The door of the daemon's socket: reads each hello, and gives the connection to what it asks for. */
import type { Socket } from 'node:net';
import { deadline } from '../base/abort.ts';
import type { Clock } from '../base/clock.ts';
import { AnywhereError, asAnywhereError, reportOf } from '../base/errors.ts';
import { endSocket } from './connections.ts';
import { firstLine } from './first-line.ts';
import { answerLine, type Hello, MAX_HELLO_BYTES, parseHello } from './hello.ts';

export interface DoorDeps {
  readonly clock: Clock;
  readonly version: string;
  readonly pid: number;
  /** Aborted when it ends: nobody is listened to any more. */
  readonly signal: AbortSignal;
  /** False: it is on its way out, and whoever comes is to find another. */
  readonly isOpen: () => boolean;
  /**
   * Begins to serve; `accept` is called first, and says so to the other side. Throws AnywhereError where it cannot.
   * Resolves when that is over.
   */
  readonly serve: (socket: Socket, hello: Hello, accept: () => void) => Promise<void>;
}

/** A program that connects says who it is at once. */
const HELLO_MS = 5_000;

/** Never rejects. Resolves when the connection is over. */
export async function openDoor(socket: Socket, deps: DoorDeps): Promise<void> {
  try {
    const hello = await readHello(socket, deps);
    if (hello !== undefined) await admit(socket, hello, deps);
  } catch (error) {
    refuse(socket, deps, deps.signal.aborted ? ending() : asAnywhereError(error), deps.signal.aborted);
  } finally {
    endSocket(socket, deps.clock);
  }
}

async function admit(socket: Socket, hello: Hello, deps: DoorDeps): Promise<void> {
  const { version, pid } = deps;
  if (hello.version !== version) {
    const text = `this daemon is version ${version}, and the program that connects ${hello.version}`;
    refuse(socket, deps, new AnywhereError('NO_DAEMON', text), true);
  } else if (!deps.isOpen()) refuse(socket, deps, ending(), true);
  else
    await deps.serve(socket, hello, () => {
      socket.write(answerLine({ ok: true, version, pid }));
    });
}

/** Undefined: the other side left without a word. */
async function readHello(socket: Socket, { clock, signal }: DoorDeps): Promise<Hello | undefined> {
  const late = (): Error => new AnywhereError('USAGE', `no hello came within ${HELLO_MS / 1000} s`);
  const limit = deadline(clock, HELLO_MS, late, signal);
  try {
    const line = await firstLine(socket, MAX_HELLO_BYTES, limit.signal);
    if (line === undefined) return undefined;
    const hello = parseHello(line);
    if (hello === undefined) throw new AnywhereError('USAGE', 'the first line is no hello of MCP-Anywhere');
    return hello;
  } finally {
    limit.clear();
  }
}

function ending(): AnywhereError {
  return new AnywhereError('NO_DAEMON', 'this daemon is ending');
}

function refuse(socket: Socket, { clock, version, pid }: DoorDeps, error: AnywhereError, restart: boolean): void {
  endSocket(socket, clock, answerLine({ ok: false, version, pid, error: reportOf(error), restart }));
}
