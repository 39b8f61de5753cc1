/** Starts the daemon as a process that outlives this one, and waits for its first word. */
import { type ChildProcess, spawn } from 'node:child_process';
import { open, readFile } from 'node:fs/promises';
import { parse } from 'node:path';
import { orAbort } from '../base/abort.ts';
import { AnywhereError } from '../base/errors.ts';
import type { Environment } from '../config/paths.ts';
import { ensurePrivateDir } from '../config/private-dir.ts';
import type { Endpoint } from './endpoint.ts';
import { errorOf } from './hello.ts';
import { type DaemonWords, daemonArguments, parseStartMessage } from './start-message.ts';

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
