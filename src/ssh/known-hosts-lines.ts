/** The lines of a known_hosts file and the names that they match (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT). */
import { createHash, createHmac, randomBytes } from 'node:crypto';

export type KnownMarker = 'revoked' | 'cert-authority';

export interface KnownLine {
  readonly marker: KnownMarker | undefined;
  /** The first field: patterns, or one hashed name. */
  readonly names: string;
  readonly type: string;
  readonly key: Buffer;
  /** From 1. */
  readonly line: number;
}

/** Leaves out lines that ssh does not understand either. */
export function parseKnownHosts(text: string): KnownLine[] {
  return text.split('\n').flatMap((line, index) => parseLine(line.trim(), index + 1) ?? []);
}

/** Whether the line is for `name` (`host` or `[host]:port`). Negated patterns win. */
export function namesHost(line: KnownLine, name: string): boolean {
  const wanted = name.toLowerCase();
  if (line.names.startsWith('|')) return matchesHash(line.names, wanted);
  const patterns = line.names.toLowerCase().split(',');
  const negated = patterns.some((pattern) => pattern.startsWith('!') && matchesPattern(pattern.slice(1), wanted));
  return !negated && patterns.some((pattern) => !pattern.startsWith('!') && matchesPattern(pattern, wanted));
}

/** `|1|salt|hash`, the form of HashKnownHosts. */
export function hashedName(name: string, salt: Buffer = randomBytes(20)): string {
  return `|1|${salt.toString('base64')}|${hmac(salt, name.toLowerCase())}`;
}

/** The name in known_hosts; a port other than 22 is part of the name. */
export function nameWithPort(host: string, port: number): string {
  return port === 22 ? host : `[${host}]:${port}`;
}

/** `SHA256:…`, as ssh-keygen prints it. */
export function fingerprintOf(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}

/** The type that a public key begins with (RFC 4253, section 6.6). */
export function keyTypeOf(key: Buffer): string {
  if (key.length < 4) return '';
  return key.subarray(4, 4 + key.readUInt32BE(0)).toString('latin1');
}

function parseLine(line: string, number: number): KnownLine | undefined {
  if (line === '' || line.startsWith('#')) return undefined;
  const fields = line.split(/[ \t]+/);
  const marker = fields[0]?.startsWith('@') === true ? fields.shift() : undefined;
  if (marker !== undefined && marker !== '@revoked' && marker !== '@cert-authority') return undefined;
  const [names, type, blob] = fields;
  if (names === undefined || type === undefined || blob === undefined) return undefined;
  const key = Buffer.from(blob, 'base64');
  if (keyTypeOf(key) !== type) return undefined;
  return { marker: marker?.slice(1) as KnownMarker | undefined, names, type, key, line: number };
}

function matchesHash(field: string, name: string): boolean {
  const [, version, salt, hash] = field.split('|');
  return version === '1' && salt !== undefined && hash === hmac(Buffer.from(salt, 'base64'), name);
}

function hmac(salt: Buffer, name: string): string {
  return createHmac('sha1', salt).update(name).digest('base64');
}

/** `*` and `?` (ssh_config(5), PATTERNS); both texts in lower case. */
function matchesPattern(pattern: string, name: string): boolean {
  let at = 0;
  let star = -1;
  let restart = 0;
  let p = 0;
  while (at < name.length) {
    const wanted = pattern[p];
    if (wanted === '*') {
      star = p++;
      restart = at;
    } else if (wanted === '?' || wanted === name[at]) {
      p++;
      at++;
    } else if (star >= 0) {
      p = star + 1;
      at = ++restart;
    } else return false;
  }
  while (pattern[p] === '*') p++;
  return p === pattern.length;
}
