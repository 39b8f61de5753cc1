/**
 * Which variables of a client's environment other programs get. Light: every start of the shim loads this file.
 *
 * Everything else may be a secret of the client (cloud keys, tokens) or steer a program (NODE_OPTIONS, LD_PRELOAD).
 */
import { lstatSync } from 'node:fs';
import type { Environment } from './paths.ts';

/** What the SDKs of MCP give to the servers that they start, with the locale and the folder for temporary files. */
const PASSED_ON: ReadonlySet<string> = new Set([
  ...['HOME', 'PATH', 'USER', 'LOGNAME', 'SHELL', 'TERM', 'LANG', 'TZ', 'TMPDIR'],
  ...['APPDATA', 'COMSPEC', 'HOMEDRIVE', 'HOMEPATH', 'LOCALAPPDATA', 'PATHEXT', 'PROCESSOR_ARCHITECTURE'],
  ...['PROGRAMDATA', 'PROGRAMFILES', 'SYSTEMDRIVE', 'SYSTEMROOT', 'TEMP', 'TMP', 'USERNAME', 'USERPROFILE', 'WINDIR'],
]);

/** Variables by which ssh and password managers find agents, keyrings and displays of the login session. */
const OF_LOGIN: ReadonlySet<string> = new Set([
  ...['SSH_AUTH_SOCK', 'XDG_RUNTIME_DIR', 'DBUS_SESSION_BUS_ADDRESS', 'DISPLAY', 'WAYLAND_DISPLAY', 'XAUTHORITY'],
]);

/** For an MCP server on this machine. */
export function environmentForServers(env: Environment): Record<string, string> {
  return picked(env, isPassedOn);
}

/** For programs that run on behalf of the user: ssh with its ProxyCommand and `Match exec`, SSH_ASKPASS, `${cmd:…}`. */
export function environmentForHelpers(env: Environment): Record<string, string> {
  return picked(env, (name) => isPassedOn(name) || OF_LOGIN.has(name));
}

function isPassedOn(name: string): boolean {
  return PASSED_ON.has(process.platform === 'win32' ? name.toUpperCase() : name) || name.startsWith('LC_');
}

function picked(env: Environment, isWanted: (name: string) => boolean): Record<string, string> {
  // A function that bash exported is a program, not a value (CVE-2014-6271).
  const entries = Object.entries(env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !entry[1].startsWith('()') && isWanted(entry[0]),
  );
  return Object.fromEntries(entries);
}

/**
 * The environment with XDG_RUNTIME_DIR, as systemd sets it for logins. AI clients pass on few variables; without this one
 * they would look for the daemon's socket in another folder than a terminal does.
 *
 * @param folder the parent of the runtime folders of all logins
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

/** Every `${env:NAME` of a hosts file's text, also in comments: an unused variable does no harm. */
export function referredVariables(text: string): string[] {
  return [...new Set([...text.matchAll(/\$\{env:([A-Za-z_]\w*)/g)].map(([, name = '']) => name))];
}
