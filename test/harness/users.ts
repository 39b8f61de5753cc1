/** Throw-away unix users for sshd logins: each has its own home and login shell. Needs root. */

import { execFileSync } from 'node:child_process';
import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { killAll, withUid } from './processes.ts';

export interface UnixUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

const LOCK = '/run/mcpa-t-users.lock';

/** `passwordHash` as of crypt(3); without one the account has no password but may log in with a key. */
export function addUser(name: string, home: string, shell: string, passwordHash = '*'): UnixUser {
  // Names as of a Windows domain; not every useradd knows the option.
  const allowing = name.includes('\\') ? ['--badname'] : [];
  changeUsers(['useradd', ...allowing, '-M', '-d', home, '-s', shell, '-p', passwordHash, name]);
  const made = userList().find((user) => user.name === name);
  if (made === undefined) throw new Error(`useradd made no ${name}`);
  return made;
}

export function removeUser(user: UnixUser): void {
  killAll(withUid(user.uid));
  try {
    changeUsers(['userdel', '-f', user.name]);
  } catch (error) {
    if (userList().some(({ name }) => name === user.name)) throw error;
  }
}

export function userList(): UnixUser[] {
  return readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .flatMap((line) => {
      const [name, , uid, gid] = line.split(':');
      return name === undefined || uid === undefined ? [] : [{ name, uid: Number(uid), gid: Number(gid) }];
    });
}

/** Root, the tools are there, and other users can read what a test server needs. */
export function canAddUsers(mustRead: readonly string[]): boolean {
  if (process.getuid?.() !== 0) return false;
  return ['/usr/sbin/useradd', '/usr/bin/flock'].every(exists) && mustRead.every((path) => openToOthers(path));
}

/** One at a time over all test workers: useradd would otherwise wait for its lock in steps of a second. */
function changeUsers(command: readonly string[]): void {
  execFileSync('flock', [LOCK, ...command], { stdio: ['ignore', 'ignore', 'pipe'] });
}

function exists(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** `needed`: permission bits of others; of the folders above only passing through. */
function openToOthers(path: string, needed = 0o005): boolean {
  const open = (statSync(path).mode & needed) === needed;
  return open && (path === '/' || openToOthers(dirname(path), 0o001));
}
