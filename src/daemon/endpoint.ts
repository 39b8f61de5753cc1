/**
 * Where the daemon of a hosts file is found: one socket per user, program version and hosts file.
 *
 * Light: every start of the shim loads it.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Paths } from '../config/paths.ts';

export interface EndpointOptions {
  readonly paths: Pick<Paths, 'runtimeDir' | 'stateDir'>;
  /** Of the program: another version gets a daemon of its own. */
  readonly version: string;
  /** Absolute path of the hosts file, as found. */
  readonly file: string;
  readonly platform: NodeJS.Platform;
  /** Undefined on Windows. */
  readonly uid?: number | undefined;
  /**
   * Where sockets go whose path would be too long. Not $TMPDIR: AI clients drop it, and two clients of one user
   * must find the same daemon.
   */
  readonly tempDir?: string;
}

export interface Endpoint {
  /** Path of a Unix socket; on Windows the name of a pipe. */
  readonly socket: string;
  /** The user's own, 0700: holds socket, lock and record. */
  readonly folder: string;
  /** Who may bind the socket. */
  readonly lock: string;
  /** Who serves it, as JSON (daemon-record.ts). */
  readonly record: string;
  /** Where the daemon's log and its crash reports go. */
  readonly logFolder: string;
  readonly log: string;
}

/** sockaddr_un holds 104 bytes on macOS, 108 on Linux, with the NUL. */
const MAX_SOCKET_BYTES = 100;

export function endpointOf(options: EndpointOptions): Endpoint {
  const { paths, version, file, platform } = options;
  const name = digest(`${version}\0${file}`).slice(0, 16);
  const folder = folderFor(options, name);
  const logFolder = join(paths.stateDir, 'daemon');
  return {
    socket:
      platform === 'win32'
        ? `\\\\.\\pipe\\mcp-anywhere-${digest(paths.stateDir).slice(0, 8)}-${name}`
        : join(folder, `${name}.sock`),
    folder,
    lock: join(folder, `${name}.lock`),
    record: join(folder, `${name}.pid`),
    logFolder,
    log: join(logFolder, `${name}.log`),
  };
}

function folderFor({ paths, platform, uid, tempDir = '/tmp' }: EndpointOptions, name: string): string {
  const usual = paths.runtimeDir;
  const isShort = Buffer.byteLength(join(usual, `${name}.sock`)) <= MAX_SOCKET_BYTES;
  return platform === 'win32' || isShort ? usual : join(tempDir, `mcpa-${String(uid ?? 0)}`);
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
