/** What the login of a user gives every program, where the one that started us dropped it. Light: the shim loads it. */
import { lstatSync } from 'node:fs';
import type { Environment } from './paths.ts';

/**
 * With XDG_RUNTIME_DIR, as systemd's logins have it: AI clients pass on few variables, and a daemon whose socket is looked for
 * in another folder than a terminal looks in would not be one for all.
 *
 * @param folder where the folders of all logins are
 */
export function loginEnvironment(
  env: Environment,
  platform: NodeJS.Platform,
  uid: number | undefined,
  folder = '/run/user',
): Environment {
  if (platform !== 'linux' || uid === undefined || (env['XDG_RUNTIME_DIR'] ?? '') !== '') return env;
  const own = `${folder}/${uid}`;
  return isOwnFolder(own, uid) ? { ...env, XDG_RUNTIME_DIR: own } : env;
}

function isOwnFolder(path: string, uid: number): boolean {
  try {
    const found = lstatSync(path);
    return found.isDirectory() && found.uid === uid && (found.mode & 0o077) === 0;
  } catch {
    return false;
  }
}
