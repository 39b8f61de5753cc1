/** ProxyCommand: a program whose stdin and stdout are the connection (ssh_config(5)). */
import { Duplex } from 'node:stream';
import { execa } from 'execa';
import { environmentForHelpers } from '../config/environment.ts';
import type { DialerDeps } from '../launch/contract.ts';

export interface ProxyCommand {
  readonly stream: Duplex;
  /** The last lines of its stderr, for the error of a failed login. */
  lastWords(): readonly string[];
}

const KEPT_LINES = 5;
/** Kept of its stderr: the end. */
export const PROXY_STDERR_CHARACTERS = 4096;

/** Runs the program through the user's shell. Program and stream end together. */
export function openProxyCommand(command: string, deps: Pick<DialerDeps, 'env'>): ProxyCommand {
  const child = execa(deps.env['SHELL'] ?? '/bin/sh', ['-c', `exec ${command}`], {
    env: environmentForHelpers(deps.env),
    extendEnv: false,
    stdio: 'pipe',
    buffer: false,
    reject: false,
    encoding: 'buffer',
    // All processes of a shell pipeline end together.
    detached: process.platform !== 'win32',
  });
  let running = true;
  const stream = around(child.stdin, child.stdout, () => {
    if (running) endGroup(child.pid);
  });
  const onExit = (): void => {
    running = false;
    if (!stream.readableEnded && !stream.destroyed) stream.push(null);
    stream.end();
  };
  child.then(onExit, onExit);
  return { stream, lastWords: keepLines(child.stderr) };
}

function around(stdin: NodeJS.WritableStream, stdout: NodeJS.ReadableStream, onDestroy: () => void): Duplex {
  let over = false;
  const stream = new Duplex({
    read: () => {
      stdout.resume();
    },
    write: (chunk: Buffer, _encoding, done) => {
      // A program that stops reading is about to end, and its stderr tells more than EPIPE.
      stdin.write(chunk, () => {
        done();
      });
    },
    final: (done) => {
      stdin.end();
      done();
    },
    destroy: (error, done) => {
      onDestroy();
      done(error);
    },
  });
  stdin.on('error', () => undefined);
  stdout.on('data', (chunk: Buffer) => {
    if (!over && !stream.push(chunk)) stdout.pause();
  });
  stream.once('end', () => {
    over = true;
  });
  return stream;
}

function keepLines(stderr: NodeJS.ReadableStream): () => readonly string[] {
  let text = '';
  stderr.on('data', (chunk: Buffer) => {
    text = (text + chunk.toString('utf8')).slice(-PROXY_STDERR_CHARACTERS);
  });
  return () =>
    text
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '')
      .slice(-KEPT_LINES);
}

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, 'SIGTERM');
  } catch {
    // The process has ended meanwhile.
  }
}
