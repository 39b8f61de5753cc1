/**
 * Where the user's files are: the XDG base folders, and what `env-paths` says on macOS and Windows.
 *
 * A set `XDG_*` variable counts on every platform. A relative one does not, as the XDG specification demands.
 */
import { homedir } from 'node:os';
import { isAbsolute, join, relative } from 'node:path';
import envPaths from 'env-paths';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Paths {
  /** The user's hosts file. */
  readonly configDir: string;
  /** Data that can be learned again. */
  readonly cacheDir: string;
  /** Trusted files, logs, audit. */
  readonly stateDir: string;
  /** Sockets. A short path: a socket's path holds about 100 bytes. */
  readonly runtimeDir: string;
}

const NAME = 'mcp-anywhere';

export function resolvePaths(env: Environment, platform: NodeJS.Platform, homeDir: string): Paths {
  const base = platform === 'darwin' || platform === 'win32' ? platformFolders(homeDir) : xdgFolders(homeDir);
  const cacheDir = chosen(env['XDG_CACHE_HOME'], base.cacheDir);
  return {
    configDir: chosen(env['XDG_CONFIG_HOME'], base.configDir),
    cacheDir,
    stateDir: chosen(env['XDG_STATE_HOME'], base.stateDir),
    runtimeDir: chosen(env['XDG_RUNTIME_DIR'], join(cacheDir, 'run')),
  };
}

function chosen(variable: string | undefined, fallback: string): string {
  return variable !== undefined && isAbsolute(variable) ? join(variable, NAME) : fallback;
}

function xdgFolders(homeDir: string): Omit<Paths, 'runtimeDir'> {
  return {
    configDir: join(homeDir, '.config', NAME),
    cacheDir: join(homeDir, '.cache', NAME),
    stateDir: join(homeDir, '.local', 'state', NAME),
  };
}

/** `env-paths` knows only the process's own home, so its answer is moved into `homeDir`. */
function platformFolders(homeDir: string): Omit<Paths, 'runtimeDir'> {
  const found = envPaths(NAME, { suffix: '' });
  const moved = (path: string): string => {
    const inside = relative(homedir(), path);
    return inside.startsWith('..') || isAbsolute(inside) ? path : join(homeDir, inside);
  };
  return { configDir: moved(found.config), cacheDir: moved(found.cache), stateDir: moved(found.data) };
}

/** `~` and `~/x` inside `homeDir`; any other path as it is. */
export function expandHome(path: string, homeDir: string): string {
  if (path === '~') return homeDir;
  return path.startsWith('~/') ? join(homeDir, path.slice(2)) : path;
}
