/** A folder for one connection's sockets: ours alone, short, and swept when its owner died without a word. */
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** `sun_path` holds 104 bytes on macOS (108 on Linux), and ssh binds `<path>.<16 letters>` first. */
const MAX_SOCKET_PATH_BYTES = 104 - 1 - 17;
const NAME = /^ssh-(\d+)-\w+$/;

export interface ConnectionFolder {
  readonly path: string;
  /** Where the master listens. */
  readonly controlPath: string;
  remove(): Promise<void>;
}

/** Makes a folder below `runtimeDir`, or in the temp folder when sockets below that would have too long a name. */
export async function makeConnectionFolder(runtimeDir: string): Promise<ConnectionFolder> {
  await mkdir(runtimeDir, { recursive: true, mode: 0o700 });
  const path = await mkdtemp(join(fits(runtimeDir) ? runtimeDir : tmpdir(), `ssh-${process.pid}-`));
  return {
    path,
    controlPath: join(path, 'c'),
    remove: () => rm(path, { recursive: true, force: true }),
  };
}

/** Removes what processes left that are not alive any more. */
export async function sweepConnectionFolders(runtimeDir: string): Promise<void> {
  const names = await readdir(runtimeDir).catch(() => []);
  const abandoned = names.filter((name) => {
    const pid = Number(NAME.exec(name)?.[1] ?? process.pid);
    return !isAlive(pid);
  });
  await Promise.all(abandoned.map((name) => rm(join(runtimeDir, name), { recursive: true, force: true })));
}

function fits(runtimeDir: string): boolean {
  const longest = join(runtimeDir, `ssh-${'9'.repeat(10)}-XXXXXX`, 'c');
  return Buffer.byteLength(longest) <= MAX_SOCKET_PATH_BYTES;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
