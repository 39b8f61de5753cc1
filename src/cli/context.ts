/** What every command gets: the process around it, the global options, and where to write. */
import { AnywhereError, type ExitCode } from '../base/errors.ts';
import type { LogLevelName } from './fast-path.ts';
import type { Output } from './output.ts';
import type { Style } from './style.ts';

/** The process as the commands see it. */
export interface CliIo {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly homeDir: string;
  readonly platform: NodeJS.Platform;
  readonly program: Program;
  /** Aborted by Ctrl-C, with the reason INTERRUPTED, or when stdout can take no more. */
  readonly signal: AbortSignal;
}

/** This program, as an AI client starts it. */
export interface Program {
  /** Absolute path of node. */
  readonly node: string;
  /** Absolute path of bin.js. */
  readonly file: string;
  readonly version: string;
}

/** The options of every command. */
export interface Globals {
  readonly config: string | undefined;
  /** Undefined: the default of the command. */
  readonly logLevel: LogLevelName | undefined;
  readonly json: boolean;
}

export interface CliContext {
  readonly io: CliIo;
  readonly globals: Globals;
  readonly out: Output;
  readonly style: Style;
}

/** Builds a context from the global options, runs a command, and keeps the exit code. */
export type Run = (command: (context: CliContext) => Promise<ExitCode>) => Promise<void>;

/** True if a person sees stderr and can type. */
export function isInteractive(io: CliIo): boolean {
  return io.stdin.isTTY && io.stderr.isTTY;
}

/** True if a full screen can be drawn and keys reach the program. */
export function isScreen({ stdin, stdout, env }: Pick<CliIo, 'stdin' | 'stdout' | 'env'>): boolean {
  return stdin.isTTY && stdout.isTTY && env['TERM'] !== 'dumb';
}

/** `host` or `host/server`. */
export interface Target {
  readonly host: string;
  readonly server?: string;
}

export function parseTarget(text: string): Target {
  const [host, server, ...rest] = text.split('/');
  if (host === undefined || host === '' || server === '' || rest.length > 0) {
    throw new AnywhereError('USAGE', `${text} is not a host or host/server.`, { hint: 'mcp-anywhere status' });
  }
  return server === undefined ? { host } : { host, server };
}
