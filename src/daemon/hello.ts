/**
 * The first line of each side on the daemon's socket: who connects, and whether they are served.
 *
 * The hello carries what a client's own environment gives: nothing may depend on which client came first.
 * Light: every start of the shim loads it.
 */
import { AnywhereError, type ErrorReport, isErrorCode } from '../base/errors.ts';
import { isRecord } from '../base/record.ts';
import { environmentForHelpers } from '../config/environment.ts';

/** Two programs that differ in it do not understand each other. */
const HELLO_VERSION = 1;

/** Longest first line that is read, in bytes: variables of a hosts file can be long. */
export const MAX_HELLO_BYTES = 1024 * 1024;

export interface Hello {
  /** What the connection carries after the answer: lines of MCP, or of the control API. */
  readonly role: 'mcp' | 'control';
  readonly version: string;
  readonly pid: number;
  readonly cwd: string;
  readonly sshAuthSock?: string;
  /**
   * The client's values of what servers, ssh and secret commands are given, and of what the hosts file names; null: the client
   * does not have it.
   */
  readonly env: Readonly<Record<string, string | null>>;
  /** `host/server`: only this server, and nothing renamed. */
  readonly transparent?: string;
}

export type HelloAnswer =
  | { readonly ok: true; readonly version: string; readonly pid: number }
  | {
      readonly ok: false;
      readonly version: string;
      readonly pid: number;
      readonly error: ErrorReport;
      /** It is on its way out, or another version: connect again, or start another. */
      readonly restart: boolean;
    };

type Environment = Readonly<Record<string, string | undefined>>;

export interface HelloFacts {
  readonly role: Hello['role'];
  readonly version: string;
  readonly pid: number;
  readonly cwd: string;
  readonly env: Environment;
  /** Text of the hosts file; '' where it is not known. */
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

/** Every `${env:NAME` of the text, comments included: more than is used does no harm. */
export function referredVariables(text: string): string[] {
  return [...new Set([...text.matchAll(/\$\{env:([A-Za-z_]\w*)/g)].map(([, name = '']) => name))];
}

/** Every word of a text with `inheritEnv`: the list may stand behind an anchor, and the daemon takes only what it names. */
function inheritable(text: string): string[] {
  return text.includes('inheritEnv') ? [...new Set(text.match(/[A-Za-z_]\w*/g))] : [];
}

/**
 * What a daemon on its way out tells a client, once and between two lines of MCP, without its newline: nothing new is to be
 * asked on this connection, and the client closes its end with the last answer. No message of MCP, so no server can say it.
 */
export const DRAINING_LINE = `{"mcpAnywhere":${HELLO_VERSION},"draining":true}`;

export function helloLine(hello: Hello): string {
  return `${JSON.stringify({ mcpAnywhere: HELLO_VERSION, ...hello })}\n`;
}

export function answerLine(answer: HelloAnswer): string {
  return `${JSON.stringify({ mcpAnywhere: HELLO_VERSION, ...answer })}\n`;
}

/** Undefined where it is none. */
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

/** Undefined where it is none. */
export function parseAnswer(line: string): HelloAnswer | undefined {
  const value = parseOurs(line);
  if (value === undefined) return undefined;
  const { ok, version, pid, error, restart } = value;
  if (typeof version !== 'string' || typeof pid !== 'number') return undefined;
  if (ok === true) return { ok, version, pid };
  if (!isRecord(error) || typeof error['message'] !== 'string') return undefined;
  return { ok: false, version, pid, error: error as unknown as ErrorReport, restart: restart === true };
}

/** The error that the other side reported, with its code where that is one of ours. */
export function errorOf({ code, message, ...details }: ErrorReport): AnywhereError {
  return new AnywhereError(isErrorCode(code) ? code : 'INTERNAL', message, details);
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
