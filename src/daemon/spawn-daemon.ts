/**
 * The start of the daemon as a process that outlives this one: who starts it, with which words, and its first message,
 * which comes over node's IPC channel (`stdio: [..., 'ipc']`).
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { open, readFile, rm, stat } from 'node:fs/promises';
import { parse } from 'node:path';
import { orAbort } from '../base/abort.ts';
import type { Clock } from '../base/clock.ts';
import { AnywhereError, type ErrorReport } from '../base/errors.ts';
import { isRecord } from '../base/record.ts';
import type { FileSource } from '../config/find.ts';
import type { Environment } from '../config/paths.ts';
import { ensurePrivateDir } from '../config/private-dir.ts';
import type { Endpoint } from './endpoint.ts';
import { errorOf } from './hello.ts';
import { makeOwnFolder } from './socket-folder.ts';

export type StartMessage =
  /** A daemon serves the endpoint: this one, or another that was faster. */
  { readonly ok: true; readonly pid: number } | { readonly ok: false; readonly error: ErrorReport };

/** Undefined where it is none. */
export function parseStartMessage(value: unknown): StartMessage | undefined {
  if (!isRecord(value)) return undefined;
  const { ok, pid, error } = value;
  if (ok === true && typeof pid === 'number') return { ok, pid };
  return ok === false && isRecord(error) ? { ok, error: error as unknown as ErrorReport } : undefined;
}

export interface DaemonWords {
  /** Absolute. */
  readonly file: string;
  /** How the file was found. One of a working folder must be trusted, though it is named here. */
  readonly source: FileSource;
  readonly logLevel?: string | undefined;
  /** Leaves after so long without clients, ms. */
  readonly idleExitMs?: number | undefined;
}

/** What follows `node bin.js`. */
export function daemonArguments({ file, source, logLevel, idleExitMs }: DaemonWords): string[] {
  return [
    'daemon',
    '--config',
    file,
    ...(source === 'folder' ? ['--from-folder'] : []),
    ...(logLevel === undefined ? [] : ['--log-level', logLevel]),
    ...(idleExitMs === undefined ? [] : ['--idle-exit', String(idleExitMs)]),
  ];
}

/** How this program is started again. */
export interface ProgramFiles {
  /** Absolute path of node. */
  readonly node: string;
  /** Absolute path of bin.js. */
  readonly file: string;
}

export interface DaemonProcess {
  readonly endpoint: Endpoint;
  readonly words: DaemonWords;
  readonly program: ProgramFiles;
  /** What it inherits. */
  readonly env: Environment;
}

const EVIDENCE_LINES = 10;

/** Resolves when a daemon serves the endpoint. @throws AnywhereError why it cannot, in its own words */
export async function spawnDaemon(start: DaemonProcess, signal: AbortSignal): Promise<void> {
  const { program, words, env, endpoint } = start;
  await ensurePrivateDir(endpoint.logFolder);
  const log = await open(endpoint.log, 'a', 0o600);
  try {
    const [helper = '', ...args] = throughHelper([program.node, program.file, ...daemonArguments(words)]);
    const child = spawn(helper, args, {
      // It must not keep a folder of the client's in use.
      cwd: parse(program.file).root,
      env,
      detached: true,
      windowsHide: true,
      stdio: ['ignore', log.fd, log.fd, 'ipc'],
    });
    await firstWord(child, endpoint.log, signal);
  } finally {
    await log.close();
  }
}

/** In a session of its own also where there is no setsid(1): the helper's, which ends at once. */
const SH_HELPER = 'if command -v setsid >/dev/null; then setsid "$@" & else "$@" & fi';
/** No program of Windows passes node's channel on: the helper hands the first word over, and ends then. */
const NODE_HELPER =
  'const [command, ...args] = process.argv.slice(1);' +
  'const child = require("node:child_process").spawn(command, args,' +
  ' { detached: true, windowsHide: true, stdio: ["ignore", 1, 2, "ipc"] });' +
  'child.once("message", (word) => process.send(word, () => process.exit()));' +
  'child.once("exit", (code) => process.exit(code ?? 1));';

/**
 * The command that starts `command` through a process that ends: some clients kill the tree of their servers when they
 * quit, and a child of the shim would be found there.
 */
function throughHelper(command: readonly [string, ...string[]]): string[] {
  return process.platform === 'win32'
    ? [command[0], '-e', NODE_HELPER, '--', ...command]
    : ['/bin/sh', '-c', SH_HELPER, 'sh', ...command];
}

async function firstWord(child: ChildProcess, log: string, signal: AbortSignal): Promise<void> {
  try {
    const said = await orAbort(saidOrEnded(child), signal);
    if (said.kind === 'ended') throw await endedEarly(said.how, log);
    const message = parseStartMessage(said.value);
    if (message?.ok !== true)
      throw message === undefined ? await endedEarly('said nothing of use', log) : errorOf(message.error);
  } finally {
    if (child.connected) child.disconnect();
    child.unref();
  }
}

type FirstWord = { readonly kind: 'said'; readonly value: unknown } | { readonly kind: 'ended'; readonly how: string };

/** The helper's end says nothing of the daemon; the end of the channel, which the daemon holds, does. */
function saidOrEnded(child: ChildProcess): Promise<FirstWord> {
  return new Promise((resolve) => {
    child.once('message', (value) => {
      resolve({ kind: 'said', value });
    });
    child.once('disconnect', () => {
      resolve({ kind: 'ended', how: 'it ended without a word' });
    });
    child.once('error', (error) => {
      resolve({ kind: 'ended', how: 'code' in error ? String(error.code) : error.name });
    });
  });
}

async function endedEarly(how: string, log: string): Promise<AnywhereError> {
  const text = await readFile(log, 'utf8').catch(() => '');
  const evidence = text.trimEnd().split('\n').slice(-EVIDENCE_LINES);
  return new AnywhereError('NO_DAEMON', `the daemon did not start (${how})`, { evidence, hint: `read ${log}` });
}

/** Whoever claimed it and takes longer has died, or may be joined. */
const STALE_MS = 10_000;

/** How to give it back; undefined while somebody else starts one. @throws AnywhereError FOLDER_UNUSABLE */
export async function claimStart(
  { folder, lock }: Pick<Endpoint, 'folder' | 'lock'>,
  clock: Pick<Clock, 'now'>,
): Promise<(() => Promise<void>) | undefined> {
  await makeOwnFolder(folder);
  const file = `${lock}.start`;
  const give = (): Promise<void> => rm(file, { force: true });
  try {
    await (await open(file, 'wx', 0o600)).close();
    return give;
  } catch (error) {
    // What else is wrong with the folder is the daemon's to say.
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) return give;
    if (await isStale(file, clock)) await give();
    return undefined;
  }
}

async function isStale(file: string, clock: Pick<Clock, 'now'>): Promise<boolean> {
  try {
    return clock.now() - (await stat(file)).mtimeMs > STALE_MS;
  } catch {
    return false;
  }
}
