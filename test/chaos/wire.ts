/** Lines between a client and the program, both ways. */
import { spawn } from 'node:child_process';
import { PassThrough, type Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { openStreamDoor } from '../../src/downstream/stream-door.ts';
import type { Gateway } from '../../src/gateway/gateway.ts';
import { BIN } from '../harness/program.ts';
import type { Sandbox } from '../harness/sandbox.ts';

export interface Wire {
  send(line: string): void;
  /** Stops reading for a while. */
  doze(ms: number): Promise<void>;
  /** Closes its end; resolves when the other side has ended too. */
  readonly end: () => Promise<void>;
  readonly kill?: () => Promise<void>;
}

export interface WireEvents {
  readonly onLine: (line: string) => void;
  /** The other side ended. */
  readonly onEnded: (how: string) => void;
}

/** To a gateway in this process. */
export function pipeWire(gateway: Gateway, { onLine }: WireEvents): Wire {
  const input = new PassThrough();
  const output = new PassThrough();
  const maxMessageBytes = 1 << 26;
  const door = openStreamDoor({ input, output, maxMessageBytes, open: (writer) => gateway.openSession(writer) });
  eachLine(output, onLine);
  return {
    send: (line) => input.write(`${line}\n`),
    doze: (ms) => dozing(output, ms),
    end: async () => {
      input.end();
      gateway.closeSession(door.session, await door.ended);
      output.destroy();
    },
  };
}

/** It says goodbye to its daemon for 2 s at most. */
const END_MS = 10_000;
const STDERR_KEPT = 2_000;

/** To a shim of its own. */
export function shimWire(hostsFile: string, { env, home }: Sandbox, { onLine, onEnded }: WireEvents): Wire {
  const child = spawn(process.execPath, [BIN, 'serve', '--config', hostsFile], { env, cwd: home, stdio: 'pipe' });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-STDERR_KEPT);
  });
  child.stdin.on('error', () => undefined);
  eachLine(child.stdout, onLine);
  const ended = new Promise<void>((resolve) => {
    child.once('close', (code, signal) => {
      onEnded(`exit ${String(code ?? signal)}: ${stderr}`);
      resolve();
    });
  });
  const end = async (): Promise<void> => {
    child.stdin.end();
    const timer = setTimeout(() => child.kill('SIGKILL'), END_MS);
    await ended;
    clearTimeout(timer);
    if (child.signalCode !== null) throw new Error(`a shim did not end within ${END_MS} ms of EOF: ${stderr}`);
  };
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
  };
  return { send: (line) => child.stdin.write(`${line}\n`), doze: (ms) => dozing(child.stdout, ms), end, kill };
}

function eachLine(stream: Readable, onLine: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line);
  });
}

async function dozing(stream: Readable, ms: number): Promise<void> {
  stream.pause();
  await sleep(ms);
  stream.resume();
}
