/** Which daemon is meant: that of the hosts file that counts here, in this version of the program. */
import { readFile } from 'node:fs/promises';
import { type FoundFile, findHostsFile } from '../config/find.ts';
import { type Environment, type Paths, resolvePaths } from '../config/paths.ts';
import { type Endpoint, endpointOf } from './endpoint.ts';
import { type Hello, helloOf } from './hello.ts';

export interface LocateOptions {
  /** As `--config`. */
  readonly config: string | undefined;
  readonly env: Environment;
  readonly cwd: string;
  readonly homeDir: string;
  readonly platform: NodeJS.Platform;
  readonly version: string;
}

export interface Located {
  readonly paths: Paths;
  readonly found: FoundFile;
  readonly endpoint: Endpoint;
  readonly hello: Hello;
}

/** Throws CONFIG_NOT_FOUND where there is no hosts file. */
export async function locateDaemon(options: LocateOptions): Promise<Located> {
  const { config: explicit, env, cwd, homeDir, platform, version } = options;
  const paths = resolvePaths(env, platform, homeDir);
  const found = await findHostsFile({ explicit, env, cwd, homeDir, paths });
  // One that cannot be read is the daemon's to complain about.
  const hostsText = await readFile(found.file, 'utf8').catch(() => '');
  return {
    paths,
    found,
    endpoint: endpointOf({ paths, version, file: found.file, platform, uid: process.getuid?.() }),
    hello: helloOf({ role: 'control', version, pid: process.pid, cwd, env, hostsText }),
  };
}
