/**
 * What faces and the shim use of the daemon: where the daemon is, a connection to it, and its start where none runs.
 *
 * Light: every start of the shim loads this file. Rarely needed parts are loaded on demand.
 */

import { readFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { dirname } from 'node:path';
import { deadline } from '../base/abort.ts';
import { type Clock, sleep } from '../base/clock.ts';
import { AnywhereError, errorOf } from '../base/errors.ts';
import { connectedTo } from '../base/local-socket.ts';
import { type FoundFile, findHostsFile } from '../config/find.ts';
import { type Environment, resolvePaths } from '../config/paths.ts';
import type { KnownNames, OfflineOptions } from '../control/known-names.ts';
import type { DaemonRecord } from './daemon-record.ts';
import { type Endpoint, endpointOf, isOwnFolder } from './endpoint.ts';
import { firstLine, type Hello, helloLine, helloOf, MAX_HELLO_BYTES, parseAnswer } from './hello.ts';
import type { Leftover } from './leftovers.ts';
import type { DaemonOutcome, ServeOptions } from './serve.ts';
import type { DaemonProcess, ProgramFiles } from './spawn-daemon.ts';

export type { DaemonOutcome, DaemonRecord, Endpoint, Hello, KnownNames, Leftover, ProgramFiles };

export interface Surroundings {
  readonly env: Environment;
  readonly homeDir: string;
  readonly platform: NodeJS.Platform;
}

export interface LocateOptions extends OfflineOptions {
  readonly version: string;
}

/** The daemon of the hosts file in force here and of this program version, running or not. */
export interface Located {
  readonly found: FoundFile;
  readonly endpoint: Endpoint;
  readonly hello: Hello;
}

/** Throws CONFIG_NOT_FOUND where there is no hosts file. */
export async function locateDaemon(options: LocateOptions): Promise<Located> {
  const { config: explicit, env, cwd, homeDir, platform, version } = options;
  const paths = resolvePaths(env, platform, homeDir);
  const found = await findHostsFile({ explicit, env, cwd, homeDir, paths });
  // The daemon reports a file that cannot be read.
  const hostsText = await readFile(found.file, 'utf8').catch(() => '');
  return {
    found,
    endpoint: endpointOf({ paths, version, file: found.file, platform, uid: process.getuid?.() }),
    hello: helloOf({ role: 'control', version, pid: process.pid, cwd, env, hostsText }),
  };
}

export interface DaemonStart extends DaemonProcess {
  readonly hello: Hello;
  readonly clock: Clock;
}

/** For connection and start together: a busy machine takes some seconds to start a daemon. */
const LIMIT_MS = 30_000;
const POLL_MS = 25;
/** Another user command may have stopped the daemon before we were connected. */
const MAX_STARTS = 3;

/**
 * A connection to the daemon, which is started where none runs. Of many processes at the same moment, one starts the
 * daemon and the others wait. If two processes start a daemon, the daemon's lock decides.
 *
 * Rejects with the error of a daemon that cannot start (CONFIG_*, FOLDER_UNUSABLE), with NO_DAEMON where none
 * answers in time, and with the signal's reason.
 */
export async function connectOrStart(start: DaemonStart, signal: AbortSignal): Promise<Socket> {
  const limit = deadline(start.clock, LIMIT_MS, tooLate, signal);
  try {
    return (await ifRunning(start, limit.signal)) ?? (await startOrWait(start, limit.signal));
  } catch (error) {
    if (!limit.signal.aborted || signal.aborted) throw error;
    throw await silentDaemon(start.endpoint, start.words.file, LIMIT_MS);
  } finally {
    limit.clear();
  }
}

/** Undefined where none runs. */
async function ifRunning({ endpoint, hello }: DaemonStart, signal: AbortSignal): Promise<Socket | undefined> {
  try {
    return await connectDaemon(endpoint, hello, signal);
  } catch (error) {
    // Our own deadline has this code too, and ends the attempt.
    if (!signal.aborted && error instanceof AnywhereError && error.code === 'NO_DAEMON') return undefined;
    throw error;
  }
}

async function startOrWait(start: DaemonStart, signal: AbortSignal): Promise<Socket> {
  const { claimStart, spawnDaemon } = await import('./spawn-daemon.ts');
  for (let starts = 0; starts < MAX_STARTS; ) {
    const release = await claimStart(start.endpoint, start.clock);
    try {
      const socket = await ifRunning(start, signal);
      if (socket !== undefined) return socket;
      if (release !== undefined) {
        starts += 1;
        await spawnDaemon(start, signal);
      }
    } finally {
      await release?.();
    }
    if (release === undefined) await sleep(start.clock, POLL_MS, signal);
  }
  const last = await ifRunning(start, signal);
  if (last !== undefined) return last;
  throw new AnywhereError('NO_DAEMON', 'the daemon ends as soon as it has started', {
    hint: `read ${start.endpoint.log}`,
  });
}

export interface ConnectOptions extends Located {
  readonly clock: Clock;
  readonly withinMs: number;
}

/** A connection to the daemon that runs. Rejects with NO_DAEMON where none runs, or none answers in time. */
export async function connectRunning(options: ConnectOptions, signal: AbortSignal): Promise<Socket> {
  const { endpoint, hello, found, clock, withinMs } = options;
  const limit = deadline(clock, withinMs, tooLate, signal);
  try {
    return await connectDaemon(endpoint, hello, limit.signal);
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof AnywhereError) || error.code !== 'NO_DAEMON') throw error;
    if (limit.signal.aborted) throw await silentDaemon(endpoint, found.file, withinMs);
    const { crashEvidence } = await import('./crash-report.ts');
    throw new AnywhereError('NO_DAEMON', `No daemon runs for ${found.file}.`, {
      cause: error,
      evidence: await crashEvidence(endpoint.logFolder, found.file, clock.now()),
      hint: 'mcp-anywhere tools, which starts it, as does every AI client that uses it',
    });
  } finally {
    limit.clear();
  }
}

/** The daemons of this user that run, over all hosts files. */
export async function runningDaemons(surroundings: Surroundings): Promise<readonly DaemonRecord[]> {
  const { listDaemons } = await import('./daemon-record.ts');
  return await listDaemons([socketFolder(surroundings)]);
}

/** Where sockets are does not depend on the hosts file. */
export function socketFolder({ env, homeDir, platform }: Surroundings): string {
  const paths = resolvePaths(env, platform, homeDir);
  return endpointOf({ paths, version: '', file: '', platform, uid: process.getuid?.() }).folder;
}

/** What killed daemons left behind. */
export async function leftovers(surroundings: Surroundings): Promise<readonly Leftover[]> {
  return (await import('./leftovers.ts')).findLeftovers(socketFolder(surroundings));
}

/** False where a daemon has started meanwhile. */
export async function clearLeftover(leftover: Leftover): Promise<boolean> {
  return (await import('./leftovers.ts')).clearLeftover(leftover);
}

/** False: its process still runs after `withinMs`. */
export async function hasEnded(
  { pid, start }: DaemonRecord,
  { clock, withinMs }: { readonly clock: Clock; readonly withinMs: number },
  signal: AbortSignal,
): Promise<boolean> {
  const { processStart } = await import('./process-start.ts');
  const untilMs = clock.monotonic() + withinMs;
  while ((await processStart(pid)) === start) {
    if (clock.monotonic() > untilMs) return false;
    await sleep(clock, POLL_MS, signal);
  }
  return true;
}

/** A control connection to one of them, whatever its version and hosts file. */
export function connectRecorded({ version, socket }: DaemonRecord, cwd: string, signal: AbortSignal): Promise<Socket> {
  const hello: Hello = { role: 'control', version, pid: process.pid, cwd, env: {} };
  return connectDaemon({ socket, folder: dirname(socket) }, hello, signal);
}

/** The command that helps where a daemon does not answer. */
export async function wakeOrEnd(pid: number): Promise<string> {
  return (await import('./daemon-record.ts')).wakeOrEnd(pid);
}

/** The names for a command line, as last known on disk: no daemon is asked or started. Throws CONFIG_*. */
export async function namesFromDisk(options: OfflineOptions): Promise<KnownNames> {
  return (await import('../control/known-names.ts')).namesFromDisk(options);
}

/** This process becomes the daemon of a hosts file, unless another process serves it. Resolves when the daemon has ended. */
export async function serveAsDaemon(options: ServeOptions): Promise<DaemonOutcome> {
  return (await import('./serve.ts')).serveAsDaemon(options);
}

async function silentDaemon(endpoint: Endpoint, hostsFile: string, waitedMs: number): Promise<AnywhereError> {
  return (await import('./daemon-record.ts')).silentDaemon(endpoint, hostsFile, waitedMs);
}

function tooLate(): AnywhereError {
  return new AnywhereError('NO_DAEMON', 'no daemon answered in time');
}

/**
 * A connection to the daemon, with its hello answered: bytes of the role follow.
 *
 * Rejects with NO_DAEMON where no daemon listens, or only a draining one (start another); with
 * FOLDER_UNUSABLE where the socket could be somebody else's; with the daemon's own error where it refuses; with the
 * signal's reason. Give a signal with a deadline: a halted process never answers.
 *
 * Errors of the socket end in `close`.
 */
export async function connectDaemon(
  endpoint: Pick<Endpoint, 'socket' | 'folder'>,
  hello: Hello,
  signal: AbortSignal,
): Promise<Socket> {
  signal.throwIfAborted();
  // The hello holds secrets, and the creator of that folder would get them.
  if (!(await isOwnFolder(endpoint.folder))) throw noDaemon();
  const socket = await connectedTo(endpoint.socket, signal).catch((error: unknown) => {
    signal.throwIfAborted();
    throw noDaemon(error);
  });
  try {
    socket.write(helloLine(hello));
    readAnswer(await firstLine(socket, MAX_HELLO_BYTES, signal));
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/** Throws unless the daemon serves us. */
function readAnswer(line: string | undefined): void {
  if (line === undefined) throw noDaemon();
  const answer = parseAnswer(line);
  if (answer === undefined)
    throw new AnywhereError('INTERNAL', 'the program that listens on the socket is not an MCP-Anywhere daemon');
  if (answer.ok) return;
  const error = errorOf(answer.error);
  throw answer.restart ? noDaemon(error) : error;
}

function noDaemon(cause?: unknown): AnywhereError {
  return new AnywhereError('NO_DAEMON', 'no daemon runs for this hosts file', { cause });
}
