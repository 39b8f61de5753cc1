/**
 * The daemon's socket on its path: bound beside it and renamed into place, so that it is 0600 before anybody can connect,
 * nobody finds the path empty, and libuv, which unlinks the path it has bound when it closes, never unlinks another's.
 */
import type { BigIntStats } from 'node:fs';
import { chmod, lstat, rename, rm } from 'node:fs/promises';
import type { Server } from 'node:net';
import { basename, join } from 'node:path';
import { AnywhereError } from '../base/errors.ts';
import type { Endpoint } from './endpoint.ts';

export interface BoundSocket {
  /** False: somebody else's socket stands there, or none. */
  isOurs(): Promise<boolean>;
  /** Takes it from the path, where it is still ours: nobody new connects. */
  remove(): Promise<void>;
}

/** The lock of the endpoint must be ours. What stands on the path goes. */
export async function bindSocket(server: Server, endpoint: Endpoint, pid = process.pid): Promise<BoundSocket> {
  if (endpoint.socket.startsWith('\\\\')) return bindPipe(server, endpoint.socket);
  // No longer than the path itself, whose length is limited.
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

/** Windows itself lets only one process begin a pipe of that name, and takes it away with the process. */
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
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error';
  return new AnywhereError('FOLDER_UNUSABLE', `${path} cannot be listened on (${code})`, { cause });
}

/** Numbers of inodes come back at once; with the time of their last change they do not. */
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
