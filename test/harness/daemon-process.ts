/** The daemon as a child of the test, and what connects to its socket. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { ControlClient } from '../../src/control/client.ts';
import { type Endpoint, endpointOf } from '../../src/daemon/endpoint.ts';
import { type Hello, helloLine, helloOf } from '../../src/daemon/hello.ts';
import { parseStartMessage, type StartMessage } from '../../src/daemon/spawn-daemon.ts';
import { connectDaemon } from '../../src/daemon/start.ts';
import { programVersion } from '../../src/gateway/open.ts';
import { BIN } from './program.ts';
import { RawClient } from './raw-client.ts';
import type { Sandbox } from './sandbox.ts';

export interface TestDaemon {
  readonly pid: number;
  readonly endpoint: Endpoint;
  /** The first word to who started it. */
  readonly said: Promise<StartMessage>;
  /** Exit code, or the name of the signal. */
  readonly ended: Promise<number | string>;
  readonly stderr: () => string;
  readonly kill: (signal: NodeJS.Signals) => void;
}

export interface DaemonTestOptions {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export function endpointFor(hostsFile: string, { stateDir, runtimeDir }: Sandbox): Endpoint {
  return endpointOf({
    paths: { stateDir: `${stateDir}/mcp-anywhere`, runtimeDir: `${runtimeDir}/mcp-anywhere` },
    version: programVersion(),
    file: hostsFile,
    platform: process.platform,
    uid: process.getuid?.(),
  });
}

/** `daemon` as a child, ended after the test at the latest. */
export function startDaemon(hostsFile: string, sandbox: Sandbox, options: DaemonTestOptions = {}): TestDaemon {
  const child = spawn(process.execPath, [BIN, 'daemon', '--config', hostsFile, ...(options.args ?? [])], {
    env: { ...sandbox.env, ...options.env },
    cwd: sandbox.home,
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = endOf(child);
  onTestFinished(async () => {
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), 8_000);
    await ended;
    clearTimeout(timer);
  });
  return {
    pid: child.pid ?? 0,
    endpoint: endpointFor(hostsFile, sandbox),
    said: firstWord(child, () => stderr),
    ended,
    stderr: () => stderr,
    kill: (signal) => child.kill(signal),
  };
}

/** The same, serving. */
export async function servingDaemon(
  hostsFile: string,
  sandbox: Sandbox,
  options: DaemonTestOptions = {},
): Promise<TestDaemon> {
  const daemon = startDaemon(hostsFile, sandbox, options);
  const said = await daemon.said;
  if (!said.ok) throw new Error(`the daemon did not start: ${JSON.stringify(said.error)}`);
  return daemon;
}

/** What a client of that role says, with the environment of the sandbox and `env`. */
export function helloFor(
  role: Hello['role'],
  hostsFile: string,
  sandbox: Sandbox,
  env: Readonly<Record<string, string>> = {},
): Hello {
  const hostsText = readFileSync(hostsFile, 'utf8');
  const facts = { role, version: programVersion(), pid: process.pid, cwd: sandbox.home, hostsText };
  return helloOf({ ...facts, env: { ...sandbox.env, ...env } });
}

const BRIDGE =
  'const [, path, hello] = process.argv; const s = require("node:net").connect(path); s.write(hello);' +
  's.on("error", () => {}); s.on("close", () => process.exit()); process.stdin.pipe(s).pipe(process.stdout);';

/** An MCP client at the socket. Not initialized yet; its first line is the answer to the hello. */
export function clientAt({ socket }: Endpoint, hello: Hello): RawClient {
  const args = ['-e', BRIDGE, socket, helloLine(hello)];
  const client = new RawClient({ command: process.execPath, args, env: {} });
  onTestFinished(async () => {
    await client.close();
  });
  return client;
}

/** A face at the socket. */
export async function faceAt(endpoint: Endpoint, hello: Hello): Promise<ControlClient> {
  const client = new ControlClient(await connected(endpoint, hello));
  onTestFinished(() => client.close());
  return client;
}

/** A connection whose hello is accepted. */
export async function connected(endpoint: Endpoint, hello: Hello): Promise<Socket> {
  const socket = await connectDaemon(endpoint, hello, AbortSignal.timeout(10_000));
  onTestFinished(() => {
    socket.destroy();
  });
  return socket;
}

/** Everything that comes until the other side closes. */
export function exchange({ socket: path }: Endpoint, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let received = '';
    const socket = connect(path);
    socket.write(text);
    socket.on('error', reject).on('close', () => resolve(received));
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString();
    });
  });
}

function firstWord(child: ChildProcess, stderr: () => string): Promise<StartMessage> {
  const said = new Promise<StartMessage>((resolve, reject) => {
    child.once('message', (value) => {
      const message = parseStartMessage(value);
      if (message === undefined) reject(new Error(`no start message: ${JSON.stringify(value)}`));
      else resolve(message);
    });
    child.once('exit', (code) => {
      const ended = (): void => reject(new Error(`it ended (${String(code)}) without a word: ${stderr()}`));
      // Its last word may come behind its end.
      if (child.connected) child.once('disconnect', ended);
      else ended();
    });
  });
  // A test that does not ask need not hear.
  said.catch(() => undefined);
  return said;
}

function endOf(child: ChildProcess): Promise<number | string> {
  return new Promise((resolve) => {
    child.once('close', (code, signal) => resolve(code ?? signal ?? ''));
  });
}
