/** Folders and an environment of their own for a program under test: nothing of the developer's leaks in. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { endDaemons } from './daemons.ts';
import { scratch } from './scratch.ts';

export interface Sandbox {
  readonly home: string;
  readonly configDir: string;
  readonly cacheDir: string;
  readonly stateDir: string;
  readonly runtimeDir: string;
  readonly env: Readonly<Record<string, string>>;
}

/** A daemon that nothing ends, because its test was killed, leaves after this time without clients. */
const IDLE_EXIT_MS = '30000';

/** No agent, no askpass, no keychain, no terminal variables. `more` is added to the environment. Daemons end with the test. */
export function makeSandbox(more: Readonly<Record<string, string>> = {}): Sandbox {
  const root = scratch();
  const folder = (name: string): string => {
    const path = join(root, name);
    mkdirSync(path, { mode: 0o700 });
    return path;
  };
  const home = folder('home');
  const [configDir, cacheDir, stateDir, dataDir, runtimeDir] = [
    folder('config'),
    folder('cache'),
    folder('state'),
    folder('data'),
    folder('run'),
  ];
  endAfterTest(runtimeDir);
  return {
    home,
    configDir,
    cacheDir,
    stateDir,
    runtimeDir,
    env: {
      HOME: home,
      PATH: process.env['PATH'] ?? '/usr/bin:/bin',
      LANG: 'C.UTF-8',
      NO_COLOR: '1',
      XDG_CONFIG_HOME: configDir,
      XDG_CACHE_HOME: cacheDir,
      XDG_STATE_HOME: stateDir,
      XDG_DATA_HOME: dataDir,
      XDG_RUNTIME_DIR: runtimeDir,
      MCP_ANYWHERE_IDLE_EXIT_MS: IDLE_EXIT_MS,
      MCP_ANYWHERE_KEYCHAIN: 'off',
      ...more,
    },
  };
}

function endAfterTest(runtimeDir: string): void {
  try {
    onTestFinished(() => endDaemons(runtimeDir));
  } catch {
    // Not inside a test: they leave by themselves.
  }
}
