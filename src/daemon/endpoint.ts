/**
 * Where the daemon of a hosts file is found: one socket per user, program version and hosts file, in a folder that only
 * the user can enter.
 *
 * Light: every start of the shim loads this file.
 */

import { createHash } from 'node:crypto';
import type { Stats } from 'node:fs';
import { chmod, lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { isMissing } from '../base/errno.ts';
import { AnywhereError } from '../base/errors.ts';
import { makeFolder } from '../base/make-folder.ts';
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
   * For sockets with a path that would be too long. Not $TMPDIR: AI clients drop the variable, and two clients of one
   * user must find the same daemon.
   */
  readonly tempDir?: string;
}

export interface Endpoint {
  /** Path of a Unix socket; on Windows the name of a pipe. */
  readonly socket: string;
  /** The user's own folder, 0700, for socket, lock and record. */
  readonly folder: string;
  /** The holder may bind the socket. */
  readonly lock: string;
  /** The process that serves, as JSON (daemon-record.ts). */
  readonly record: string;
  /** For the daemon's log and crash reports. */
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

/**
 * False where the folder does not exist; true on Windows, because pipes have no folder.
 * @throws AnywhereError FOLDER_UNUSABLE where others own the folder or can enter it, or where the path is a link: any user
 * could have created a socket there
 */
export async function isOwnFolder(folder: string, uid = process.getuid?.()): Promise<boolean> {
  if (uid === undefined) return true;
  const found = await ifThere(folder);
  if (found === undefined) return false;
  if (!found.isDirectory()) throw unusable(folder, 'is not a folder');
  if (found.uid !== uid) throw unusable(folder, `belongs to another user (uid ${String(found.uid)})`);
  if ((found.mode & 0o077) !== 0) throw unusable(folder, 'can be entered by other users');
  return true;
}

/** Creates the folder (0700), or takes the permissions of others away; then as `isOwnFolder`. */
export async function makeOwnFolder(folder: string, uid = process.getuid?.()): Promise<void> {
  try {
    await makeFolder(folder);
    const found = await lstat(folder);
    if (found.isDirectory() && found.uid === uid && (found.mode & 0o077) !== 0) await chmod(folder, 0o700);
  } catch (error) {
    throw unusable(folder, 'cannot be created', error);
  }
  await isOwnFolder(folder, uid);
}

async function ifThere(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw unusable(path, 'cannot be read', error);
  }
}

function unusable(folder: string, why: string, cause?: unknown): AnywhereError {
  return new AnywhereError('FOLDER_UNUSABLE', `${folder}, where the daemon's socket belongs, ${why}`, { cause });
}
