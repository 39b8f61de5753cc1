/**
 * The first line of each side on the daemon's socket: who connects, and whether the daemon serves the client.
 *
 * The hello carries what a client's own environment gives: nothing may depend on which client came first.
 * Light: every start of the shim loads this file.
 */

import type { Socket } from 'node:net';
import { NEWLINE } from '../base/ascii.ts';
import { AnywhereError, type ErrorReport } from '../base/errors.ts';
import { isRecord } from '../base/record.ts';
import { environmentForHelpers, referredVariables } from '../config/environment.ts';

/** Two programs with different versions do not understand each other. */
const HELLO_VERSION = 1;

/** The longest hello in bytes: variables of a hosts file can be long. */
export const MAX_HELLO_BYTES = 1024 * 1024;

export interface Hello {
  /** After the answer the connection carries lines of MCP, or of the control API. */
  readonly role: 'mcp' | 'control';
  readonly version: string;
  readonly pid: number;
  readonly cwd: string;
  readonly sshAuthSock?: string;
  /**
   * The client's values of the variables for servers, ssh and secret commands, and of the variables that the hosts file
   * names. Null: the client does not have the variable.
   */
  readonly env: Readonly<Record<string, string | null>>;
  /** `host/server`: only this server, with its own names. */
  readonly transparent?: string;
}

export type HelloAnswer =
  | { readonly ok: true; readonly version: string; readonly pid: number }
  | {
      readonly ok: false;
      readonly version: string;
      readonly pid: number;
      readonly error: ErrorReport;
      /** The daemon drains, or is another version: connect again, or start a daemon. */
      readonly restart: boolean;
    };

type Environment = Readonly<Record<string, string | undefined>>;

export interface HelloFacts {
  readonly role: Hello['role'];
  readonly version: string;
  readonly pid: number;
  readonly cwd: string;
  readonly env: Environment;
  /** Text of the hosts file; '' where the text is not known. */
  readonly hostsText: string;
  readonly transparent?: string | undefined;
}

export function helloOf({ role, version, pid, cwd, env, hostsText, transparent }: HelloFacts): Hello {
  const agent = env['SSH_AUTH_SOCK'];
  return {
    role,
    version,
    pid,
    cwd,
    ...(agent === undefined || agent === '' ? {} : { sshAuthSock: agent }),
    env: { ...environmentForHelpers(env), ...referred(env, hostsText) },
    ...(transparent === undefined ? {} : { transparent }),
  };
}

function referred(env: Environment, hostsText: string): Hello['env'] {
  const names = [...referredVariables(hostsText), ...inheritable(hostsText).filter((name) => Object.hasOwn(env, name))];
  return Object.fromEntries(names.map((name) => [name, (Object.hasOwn(env, name) ? env[name] : undefined) ?? null]));
}

/** Every word of a text with `inheritEnv`: the list may stand behind an anchor. The daemon uses only the names of the list. */
function inheritable(text: string): string[] {
  return text.includes('inheritEnv') ? [...new Set(text.match(/[A-Za-z_]\w*/g))] : [];
}

/**
 * A draining daemon sends this line to each client once, between two lines of MCP: the client sends no new request on this
 * connection, and closes its end with the last answer. The line is not an MCP message, so that no server can send it.
 */
export const DRAINING_LINE = `{"mcpAnywhere":${HELLO_VERSION},"draining":true}`;

export function helloLine(hello: Hello): string {
  return `${JSON.stringify({ mcpAnywhere: HELLO_VERSION, ...hello })}\n`;
}

export function answerLine(answer: HelloAnswer): string {
  return `${JSON.stringify({ mcpAnywhere: HELLO_VERSION, ...answer })}\n`;
}

/** Undefined for any other line. */
export function parseHello(line: string): Hello | undefined {
  const value = parseOurs(line);
  if (value === undefined) return undefined;
  const { role, version, pid, cwd, sshAuthSock, env, transparent } = value;
  const isWhole =
    (role === 'mcp' || role === 'control') &&
    typeof version === 'string' &&
    typeof pid === 'number' &&
    typeof cwd === 'string' &&
    isOptionalText(sshAuthSock) &&
    isOptionalText(transparent) &&
    isValues(env);
  if (!isWhole) return undefined;
  return {
    role,
    version,
    pid,
    cwd,
    ...(sshAuthSock === undefined ? {} : { sshAuthSock }),
    env,
    ...(transparent === undefined ? {} : { transparent }),
  };
}

/** Undefined for any other line. */
export function parseAnswer(line: string): HelloAnswer | undefined {
  const value = parseOurs(line);
  if (value === undefined) return undefined;
  const { ok, version, pid, error, restart } = value;
  if (typeof version !== 'string' || typeof pid !== 'number') return undefined;
  if (ok === true) return { ok, version, pid };
  if (!isRecord(error) || typeof error['message'] !== 'string') return undefined;
  return { ok: false, version, pid, error: error as unknown as ErrorReport, restart: restart === true };
}

function parseOurs(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isRecord(value) && value['mcpAnywhere'] === HELLO_VERSION ? value : undefined;
  } catch {
    return undefined;
  }
}

function isOptionalText(value: unknown): value is string | undefined {
  return value === undefined || typeof value === 'string';
}

function isValues(value: unknown): value is Hello['env'] {
  return isRecord(value) && Object.values(value).every((entry) => entry === null || typeof entry === 'string');
}

/**
 * Resolves with the first line without its newline; undefined where the other side closed before the newline.
 * Rejects with MESSAGE_TOO_LARGE past `maxBytes`, and with the signal's reason.
 *
 * The bytes after the line go back to the stream, and the stream is paused: `on('data')` or `pipe` start it.
 */
export function firstLine(socket: Socket, maxBytes: number, signal: AbortSignal): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const line = new LineSoFar(maxBytes);
    const settle = (): void => {
      socket.off('readable', onReadable).off('close', onEnd).off('end', onEnd);
      signal.removeEventListener('abort', onAbort);
    };
    const onReadable = (): void => {
      const progress = line.read(socket);
      if (progress === 'unfinished') return;
      settle();
      line.giveBack(socket);
      if (progress === 'whole') resolve(line.text);
      else reject(new AnywhereError('MESSAGE_TOO_LARGE', `the first line has more than ${maxBytes} bytes`));
    };
    const onEnd = (): void => {
      settle();
      resolve(undefined);
    };
    const onAbort = (): void => {
      settle();
      reject(signal.reason as Error);
    };
    socket.on('readable', onReadable).on('close', onEnd).on('end', onEnd);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
  });
}

class LineSoFar {
  readonly #maxBytes: number;
  readonly #chunks: Buffer[] = [];
  #size = 0;
  #rest: Buffer | undefined;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get text(): string {
    return Buffer.concat(this.#chunks).toString('utf8');
  }

  /** Reads the bytes that have arrived, up to the end of the line. */
  read(socket: Socket): 'unfinished' | 'whole' | 'too long' {
    for (let chunk = next(socket); chunk !== undefined; chunk = next(socket)) {
      const newline = chunk.indexOf(NEWLINE);
      const part = newline === -1 ? chunk : chunk.subarray(0, newline);
      this.#chunks.push(part);
      this.#size += part.length;
      if (this.#size > this.#maxBytes) return 'too long';
      if (newline === -1) continue;
      this.#rest = chunk.subarray(newline + 1);
      return 'whole';
    }
    return 'unfinished';
  }

  /** Returns the bytes after the line to the stream. */
  giveBack(socket: Socket): void {
    if (this.#rest !== undefined && this.#rest.length > 0) socket.unshift(this.#rest);
  }
}

function next(socket: Socket): Buffer | undefined {
  return (socket.read() as Buffer | null) ?? undefined;
}
