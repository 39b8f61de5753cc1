/** The built program: run to its end, or as an MCP server for a client. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { RawClient, type RawClientOptions } from './raw-client.ts';
import { makeSandbox, type Sandbox } from './sandbox.ts';

export const BIN = fileURLToPath(new URL('../../dist/bin.js', import.meta.url));

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command without a TTY. Never rejects for an exit code. */
export function runProgram(
  args: readonly string[],
  sandbox: Sandbox,
  options: { readonly cwd?: string; readonly timeoutMs?: number } = {},
): Promise<Outcome> {
  const { cwd = sandbox.home, timeoutMs = 25_000 } = options;
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [BIN, ...args],
      { env: sandbox.env, cwd, timeout: timeoutMs, maxBuffer: 1 << 28 },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
        resolve({ code, stdout, stderr });
      },
    );
    child.stdin?.end();
  });
}

export interface Serving {
  readonly client: RawClient;
  readonly sandbox: Sandbox;
}

export const CLIENT_INFO = { name: 'raw-client', version: '1.0.0' };

export interface ServeOptions {
  readonly args?: readonly string[];
  /** A process in between that only starts it: its pid is then the client's. Its end does not close the stdin of `serve`. */
  readonly belowAnother?: boolean;
  readonly onReceived?: RawClientOptions['onReceived'];
  readonly keeps?: number;
  /** Not everything in one process: a shim, and the daemon of the sandbox. */
  readonly throughDaemon?: boolean;
}

/** Node closes the stdin of a child that ends, so that a third process must hold the other end: for longer than a test waits. */
const ONLY_STARTS = `
const { spawn } = require('node:child_process');
const holder = spawn('/bin/sh', ['-c', 'cat; exec env -i sleep 15 2>&-'], { stdio: ['inherit', 'pipe', 'inherit'] });
spawn(process.execPath, process.argv.slice(1), { stdio: [holder.stdout, 'inherit', 'inherit'] });`;

/** `serve` as a child, ended after the test. Not initialized yet. */
export function startServe(hostsFile: string, sandbox: Sandbox = makeSandbox(), options: ServeOptions = {}): Serving {
  const { throughDaemon = false, args = [] } = options;
  const serve = [BIN, 'serve', ...(throughDaemon ? [] : ['--in-process']), '--config', hostsFile, ...args];
  const client = new RawClient({
    command: process.execPath,
    args: options.belowAnother === true ? ['-e', ONLY_STARTS, '--', ...serve] : serve,
    env: sandbox.env,
    cwd: sandbox.home,
    ...(options.onReceived === undefined ? {} : { onReceived: options.onReceived }),
    ...(options.keeps === undefined ? {} : { keeps: options.keeps }),
  });
  onTestFinished(async () => {
    await client.close();
  });
  return { client, sandbox };
}

/** The handshake of MCP; returns the result of `initialize`. */
export async function initialize(
  client: RawClient,
  protocolVersion = '2025-11-25',
  capabilities: object = {},
): Promise<Record<string, unknown>> {
  const result = await client.request('initialize', { protocolVersion, capabilities, clientInfo: CLIENT_INFO });
  client.notify('notifications/initialized');
  return result;
}
