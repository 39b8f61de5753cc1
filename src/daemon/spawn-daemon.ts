/**
 * The start of the daemon as a process that outlives this one: which process starts it, its arguments, and its first
 * message over Node's IPC channel (`stdio: [..., 'ipc']`).
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { open, readFile, rm, stat } from 'node:fs/promises';
import { parse } from 'node:path';
import type { FileSource } from '../api/hosts-problems.ts';
import { orAbort } from '../base/abort.ts';
import type { Clock } from '../base/clock.ts';
import { errnoOf } from '../base/errno.ts';
import { AnywhereError, type ErrorReport, errorOf } from '../base/errors.ts';
import { isRecord } from '../base/record.ts';
import type { Environment } from '../config/paths.ts';
import { ensurePrivateDir } from '../config/private-dir.ts';
import { type Endpoint, makeOwnFolder } from './endpoint.ts';

export type StartMessage =
  /** A daemon serves the endpoint: the started one, or one that was faster. */
  { readonly ok: true; readonly pid: number } | { readonly ok: false; readonly error: ErrorReport };

/** Undefined for any other value. */
export function parseStartMessage(value: unknown): StartMessage | undefined {
  if (!isRecord(value)) return undefined;
  const { ok, pid, error } = value;
  if (ok === true && typeof pid === 'number') return { ok, pid };
  return ok === false && isRecord(error) ? { ok, error: error as unknown as ErrorReport } : undefined;
}

export interface DaemonWords {
  /** Absolute. */
  readonly file: string;
  /** How the file was found. A file from a working folder must be trusted, although the arguments name it. */
  readonly source: FileSource;
  readonly logLevel?: string | undefined;
  /** The daemon ends after this time without clients. */
  readonly idleExitMs?: number | undefined;
}

/** The arguments after `node bin.js`. */
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
  /** The environment of the daemon. */
  readonly env: Environment;
}

const EVIDENCE_LINES = 10;

/** Resolves when a daemon serves the endpoint. @throws AnywhereError with the daemon's own reason */
export async function spawnDaemon(start: DaemonProcess, signal: AbortSignal): Promise<void> {
  const { program, words, env, endpoint } = start;
  await ensurePrivateDir(endpoint.logFolder);
  const log = await open(endpoint.log, 'a', 0o600);
  try {
    const [helper = '', ...args] = throughHelper([program.node, program.file, ...daemonArguments(words)]);
    const child = spawn(helper, args, {
      // The daemon must not keep a folder of the client in use.
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

/** Without setsid(1) the daemon is in the session of the helper, which ends at once. */
const SH_HELPER = 'if command -v setsid >/dev/null; then setsid "$@" & else "$@" & fi';
/** No program of Windows passes Node's channel on: the helper forwards the first message, and ends. */
const NODE_HELPER =
  'const [command, ...args] = process.argv.slice(1);' +
  'const child = require("node:child_process").spawn(command, args,' +
  ' { detached: true, windowsHide: true, stdio: ["ignore", 1, 2, "ipc"] });' +
  'child.once("message", (word) => process.send(word, () => process.exit()));' +
  'child.once("exit", (code) => process.exit(code ?? 1));';

/**
 * The command that starts `command` through a short-lived process: some clients kill the process tree of their servers
 * when they quit, and a child of the shim would be part of the tree.
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
      throw message === undefined
        ? await endedEarly('its first message was not understood', log)
        : errorOf(message.error);
  } finally {
    if (child.connected) child.disconnect();
    child.unref();
  }
}

type FirstWord = { readonly kind: 'said'; readonly value: unknown } | { readonly kind: 'ended'; readonly how: string };

/** The end of the helper says nothing about the daemon. The daemon holds the channel, so that its end counts. */
function saidOrEnded(child: ChildProcess): Promise<FirstWord> {
  return new Promise((resolve) => {
    child.once('message', (value) => {
      resolve({ kind: 'said', value });
    });
    child.once('disconnect', () => {
      resolve({ kind: 'ended', how: 'it ended without a message' });
    });
    child.once('error', (error) => {
      resolve({ kind: 'ended', how: errnoOf(error) ?? error.name });
    });
  });
}

async function endedEarly(how: string, log: string): Promise<AnywhereError> {
  const text = await readFile(log, 'utf8').catch(() => '');
  const evidence = text.trimEnd().split('\n').slice(-EVIDENCE_LINES);
  return new AnywhereError('NO_DAEMON', `the daemon did not start (${how})`, { evidence, hint: `read ${log}` });
}

/** A process that claimed the start and takes longer has probably died; a second start does no harm. */
const STALE_MS = 10_000;

/** Returns the release of the claim; undefined while another process starts a daemon. @throws AnywhereError FOLDER_UNUSABLE */
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
    // The daemon reports any other problem of the folder.
    if (errnoOf(error) !== 'EEXIST') return give;
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
