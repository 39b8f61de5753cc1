/**
 * What a daemon tells the process that started it, over node's IPC channel (`stdio: [..., 'ipc']`): it serves, or
 * why it cannot. And the words it is started with. Light: the shim loads it.
 */
import type { ErrorReport } from '../base/errors.ts';
import { isRecord } from '../base/record.ts';
import type { FileSource } from '../config/find.ts';

export type StartMessage =
  /** A daemon serves the endpoint: this one, or another that was faster. */
  { readonly ok: true; readonly pid: number } | { readonly ok: false; readonly error: ErrorReport };

/** Undefined where it is none. */
export function parseStartMessage(value: unknown): StartMessage | undefined {
  if (!isRecord(value)) return undefined;
  const { ok, pid, error } = value;
  if (ok === true && typeof pid === 'number') return { ok, pid };
  return ok === false && isRecord(error) ? { ok, error: error as unknown as ErrorReport } : undefined;
}

export interface DaemonWords {
  /** Absolute. */
  readonly file: string;
  /** How the file was found. One of a working folder must be trusted, though it is named here. */
  readonly source: FileSource;
  readonly logLevel?: string | undefined;
  /** Leaves after so long without clients, ms. */
  readonly idleExitMs?: number | undefined;
}

/** What follows `node bin.js`. */
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
