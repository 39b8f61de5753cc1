/** Runs launcher lines as sshd would: with pipes, the launcher leading a process group of its own. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, constants, openSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import type { Launch } from '../../../src/launch/contract.ts';
import { launcherLine, READ_AND_RUN, type Watch } from '../../../src/launch/launcher.ts';
import { type Preamble, PreambleReader } from '../../../src/launch/preamble.ts';
import { makeFolder } from '../../harness/folder.ts';

export const SCRIPT = READ_AND_RUN;
const PATH = '/usr/local/bin:/usr/bin:/bin';
export const KNOWN = { system: '', shell: '', asked: '', variables: new Map([['PATH', PATH]]) };

export const SHELLS = [
  ['/bin/sh'],
  ['/bin/dash'],
  ['/bin/bash', '--posix'],
  ['/bin/busybox', 'sh'],
  ['/bin/zsh', '--emulate', 'sh'],
];

export function launch(command: string, args: Launch['args'] = [], more: Partial<Launch> = {}): Launch {
  return { command, args, env: new Map(), cwd: undefined, ...more };
}

export interface RunOptions {
  readonly watch?: Watch;
  readonly learn?: boolean;
  /** A file in the place of sshd's pipe. */
  readonly errorFile?: string;
  /** Folder that comes first in PATH. */
  readonly before?: string;
  /** What the shell runs before the launcher. */
  readonly first?: string;
}

export interface Running {
  readonly child: ChildProcess;
  readonly errors: Socket | undefined;
  readonly preamble: () => Preamble | undefined;
  readonly output: () => string;
  readonly errorText: () => string;
}

/** Starts one; its stdin is open. */
export function start(shell: readonly string[], what: Launch, options: RunOptions = {}): Running {
  const [reading, writing] = options.errorFile === undefined ? pipe() : [undefined, openSync(options.errorFile, 'w')];
  const path = options.before === undefined ? PATH : `${options.before}:${PATH}`;
  const [file = '', ...args] = shell;
  const child = spawn(file, [...args, '-c', `${options.first ?? ''}${SCRIPT}`], {
    detached: true,
    env: { PATH: path, HOME: '/usr', SHELL: '/bin/sh' },
    stdio: ['pipe', 'pipe', writing],
  });
  closeSync(writing);
  // Of its own: the reaper of one launch ends whatever carries the same.
  const nonce = randomBytes(16).toString('hex');
  const environment = options.learn === true ? undefined : KNOWN;
  child.stdin?.on('error', () => undefined);
  child.stdin?.write(`${launcherLine(what, { nonce, environment, watch: options.watch ?? 'input' })}\n`);
  const errors = reading === undefined ? undefined : new Socket({ fd: reading, readable: true, writable: false });
  let errorText = '';
  errors?.on('data', (chunk: Buffer) => {
    errorText += chunk.toString();
  });
  return { child, errors, errorText: () => errorText, ...outputOf(child, nonce) };
}

function outputOf(child: ChildProcess, nonce: string): Pick<Running, 'preamble' | 'output'> {
  const reader = new PreambleReader(nonce);
  let preamble: Preamble | undefined;
  const output: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => {
    if (preamble !== undefined) output.push(chunk);
    else {
      preamble = reader.push(chunk);
      if (preamble !== undefined) output.push(preamble.rest);
    }
  });
  return { preamble: () => preamble, output: () => Buffer.concat(output).toString() };
}

export interface Ran {
  readonly preamble: Preamble | undefined;
  readonly output: string;
  readonly errors: string;
  readonly code: number | null;
}

/** Runs one to its end. */
export async function run(
  shell: readonly string[],
  what: Launch,
  options: RunOptions & { readonly stdin?: string } = {},
): Promise<Ran> {
  const running = start(shell, what, options);
  const { child, errors } = running;
  const closed = [once(child, 'close'), ...(errors === undefined ? [] : [once(errors, 'close')])];
  child.stdin?.end(options.stdin ?? '');
  await Promise.all(closed);
  const { preamble, output, errorText } = running;
  return { preamble: preamble(), output: output(), errors: errorText(), code: child.exitCode };
}

/** A real pipe, as sshd gives one: Node's own are socket pairs, whose reader `tail` does not watch. */
function pipe(): [number, number] {
  const folder = makeFolder('public');
  const file = join(folder.path, 'pipe');
  execFileSync('/bin/sh', ['-c', 'mkfifo "$0"', file]);
  const reading = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  const writing = openSync(file, constants.O_WRONLY);
  folder.remove();
  return [reading, writing];
}
