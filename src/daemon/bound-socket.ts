/**
 * The daemon's socket on its path. The socket is bound beside the path and renamed into place. So the socket is 0600
 * before anybody can connect, and no client finds the path empty. libuv unlinks the path that it bound when it closes: the
 * rename keeps libuv from unlinking the socket of another daemon.
 */

import type { BigIntStats } from 'node:fs';
import { chmod, lstat, rename, rm } from 'node:fs/promises';
import type { Server } from 'node:net';
import { basename, join } from 'node:path';
import { errnoAdvice, errnoText } from '../base/errno.ts';
import { AnywhereError } from '../base/errors.ts';
import type { Endpoint } from './endpoint.ts';

export interface BoundSocket {
  /** False where the path has another socket, or none. */
  isOurs(): Promise<boolean>;
  /** Removes the socket from the path, if it is still ours: no new client connects. */
  remove(): Promise<void>;
}

/** The caller holds the lock of the endpoint. An old socket on the path is replaced. */
export async function bindSocket(server: Server, endpoint: Endpoint, pid = process.pid): Promise<BoundSocket> {
  if (endpoint.socket.startsWith('\\\\')) return bindPipe(server, endpoint.socket);
  // No longer than the path itself: its length is limited.
  const beside = join(endpoint.folder, `${basename(endpoint.socket).slice(0, 8)}.${pid}`);
  const own = await place(server, beside, endpoint.socket).catch((error: unknown) => {
    throw unusable(endpoint.socket, error);
  });
  const isOurs = async (): Promise<boolean> => isSame(own, await statIfThere(endpoint.socket));
  return {
    isOurs,
    remove: async () => {
      if (await isOurs()) await rm(endpoint.socket, { force: true });
    },
  };
}

async function place(server: Server, beside: string, path: string): Promise<BigIntStats> {
  await rm(beside, { force: true });
  await listen(server, beside);
  await chmod(beside, 0o600);
  await rename(beside, path);
  return lstat(path, { bigint: true });
}

/** Windows lets only one process create a pipe of that name, and removes the pipe with the process. */
async function bindPipe(server: Server, name: string): Promise<BoundSocket> {
  await listen(server, name).catch((error: unknown) => {
    throw unusable(name, error);
  });
  return { isOurs: () => Promise.resolve(true), remove: () => Promise.resolve() };
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function unusable(path: string, cause: unknown): AnywhereError {
  const text = `${path} cannot be used as the daemon's socket: ${errnoText(cause)}`;
  return new AnywhereError('FOLDER_UNUSABLE', text, { hint: errnoAdvice(cause, path), cause });
}

/** A new file can get the inode number of a removed file, so the time of the last change counts too. */
function isSame(own: BigIntStats, found: BigIntStats | undefined): boolean {
  return found?.dev === own.dev && found.ino === own.ino && found.ctimeNs === own.ctimeNs;
}

async function statIfThere(path: string): Promise<BigIntStats | undefined> {
  try {
    return await lstat(path, { bigint: true });
  } catch {
    return undefined;
  }
}
