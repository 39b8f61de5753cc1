/**
 * Public names: `host__server__tool`, legal for every client, never longer than `maxLength`.
 *
 * A name depends on nothing but its own parts, so it never changes because another host came or went.
 * Host and server names hold no `__` and do not begin or end with `_` (the hosts file's schema sees
 * to it), so plain joining is injective; a name that had to be changed carries a hash of its parts.
 */
import { createHash } from 'node:crypto';

const SEPARATOR = '__';
const HASH_LENGTH = 8;
const ILLEGAL = /[^A-Za-z0-9_-]/gu;

/** The public name of `parts` (host, server, tool), at most `maxLength` characters of `[A-Za-z0-9_-]`. */
export function publicName(parts: readonly string[], maxLength: number): string {
  const plain = parts.join(SEPARATOR);
  const legal = plain.replace(ILLEGAL, '_');
  if (legal === plain && legal.length <= maxLength) return legal;
  const kept = legal.slice(0, maxLength - HASH_LENGTH - 1);
  return `${kept}_${hashOf(parts)}`;
}

/** True where the tool's own name stands whole in the public one. */
export function isPlainName(parts: readonly string[], maxLength: number): boolean {
  return publicName(parts, maxLength) === parts.join(SEPARATOR);
}

/** True where the name can be part of a public one as it is. */
export function isLegalName(name: string): boolean {
  return name !== '' && name.search(ILLEGAL) === -1;
}

function hashOf(parts: readonly string[]): string {
  return createHash('sha256').update(parts.join('\0')).digest('hex').slice(0, HASH_LENGTH);
}
