/**
 * Expands what `ssh -G` leaves as written: `~`, `${VARIABLE}` and %-tokens (ssh_config(5), TOKENS and ENVIRONMENT VARIABLES).
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname as localHostname, userInfo } from 'node:os';
import { isAbsolute, join } from 'node:path';

/** The values behind the tokens of one host. */
export interface TokenFacts {
  /** As given to ssh. */
  readonly alias: string;
  readonly hostname: string;
  readonly port: number;
  readonly user: string;
  readonly homeDir: string;
  readonly hostKeyAlias: string | undefined;
  readonly proxyJump: string | undefined;
  /** ssh has `%j`, and hashes its value into `%C` (OpenSSH 9.4 and later). */
  readonly hashesJump: boolean;
}

/** By their character; `%%` is one of them. */
export type Tokens = ReadonlyMap<string, string>;

export function tokensFor(facts: TokenFacts): Tokens {
  const local = localHostname();
  const jump = jumpHost(facts.proxyJump ?? '');
  const hashed = [local, facts.hostname, facts.port, facts.user, facts.hashesJump ? jump : ''];
  const hash = createHash('sha1').update(hashed.join('')).digest('hex');
  return new Map([
    ['%', '%'],
    ['C', hash],
    ['d', facts.homeDir],
    ['h', facts.hostname],
    ['i', String(process.getuid?.() ?? 0)],
    ['j', jump],
    ['k', facts.hostKeyAlias ?? facts.alias],
    ['L', local.split('.')[0] ?? local],
    ['l', local],
    ['n', facts.alias],
    ['p', String(facts.port)],
    ['r', facts.user],
    ['u', localUser()],
  ]);
}

/** The name of the last machine of `[ssh://][user@]host[:port],…`. */
function jumpHost(proxyJump: string): string {
  const place = proxyJump.slice(proxyJump.lastIndexOf(',') + 1).replace(/^(ssh:\/\/)?(.*@)?/, '');
  return /^\[([^\]]+)\]/.exec(place)?.[1] ?? place.replace(/[:/].*$/, '');
}

/** Unknown tokens stay as they are, because ssh itself refuses them. */
export function expandTokens(text: string, tokens: Tokens): string {
  return text.replaceAll(/%(.)/g, (whole, letter: string) => tokens.get(letter) ?? whole);
}

/** A path option: `${VARIABLE}`, tokens, then `~`; relative ones are below the home folder. */
export function expandPath(text: string, tokens: Tokens, env: Readonly<Record<string, string | undefined>>): string {
  const known = text.replaceAll(/\$\{([^}]+)\}/g, (whole, name: string) => env[name] ?? whole);
  return homePath(expandTokens(known, tokens), tokens.get('d') ?? '');
}

function homePath(path: string, homeDir: string): string {
  if (path === '~') return homeDir;
  if (path.startsWith('~/') || path.startsWith('~\\')) return join(homeDir, path.slice(2));
  const [, user, rest = ''] = /^~([^/]+)(.*)$/.exec(path) ?? [];
  const home = user === undefined ? undefined : homeOf(user);
  if (home !== undefined) return join(home, rest);
  return isAbsolute(path) ? path : join(homeDir, path);
}

/** Of another user; undefined where no local account has that name. */
function homeOf(user: string): string | undefined {
  try {
    const lines = readFileSync('/etc/passwd', 'utf8').split('\n');
    return lines.map((line) => line.split(':')).find(([name]) => name === user)?.[5];
  } catch {
    return undefined;
  }
}

/** Our name in the user database. */
export function localUser(): string {
  try {
    return userInfo().username;
  } catch {
    // No entry in the user database, as in some containers.
    return '';
  }
}
