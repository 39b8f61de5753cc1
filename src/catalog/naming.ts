/**
 * Public names: `host__server__tool`, legal for every client, never longer than `maxLength`.
 *
 * A name depends on nothing but its own parts, so it never changes because another host came or went.
 * The tool's own name says most, so host and server are shortened before it. Host and server names hold no `__`
 * and do not begin or end with `_` (the hosts file's schema sees to it), and neither do their short forms, so plain
 * joining is injective; whatever had to be changed carries a hash of what it was.
 */

import { createHash } from 'node:crypto';
import { matchesGlob } from '../base/glob.ts';
import type { ToolsPlan } from '../config/plan.ts';

const SEPARATOR = '__';
const ILLEGAL = /[^A-Za-z0-9_-]/gu;
/** Of a host's or server's short form. */
const SHORT = { length: 9, hash: 4 };
/** The tool's part is never shorter, however long host and server are. */
const MIN_TOOL = 10;
const TOOL_HASH = 5;

/**
 * The public name of a tool, at most `maxLength` characters of `[A-Za-z0-9_-]`.
 * @param place host and server, or a pool, as the hosts file names them
 */
export function publicName(place: readonly string[], tool: string, maxLength: number): string {
  const prefixes = prefixesOf(place, maxLength);
  const own = legal(tool);
  for (const prefix of prefixes) if (prefix.length + own.length <= maxLength) return prefix + own;
  const shortest = prefixes.at(-1) ?? '';
  return shortest + shortTool(tool, maxLength - shortest.length);
}

/** What the public names of a server or a pool may begin with, the longest first. */
export function prefixesOf(place: readonly string[], maxLength: number): readonly string[] {
  const room = Math.floor((maxLength - MIN_TOOL) / place.length) - SEPARATOR.length;
  const shorts = place.map((name) => shortForm(name, Math.min(SHORT.length, room)));
  const prefixes = [...place.keys(), place.length].map((count) =>
    [...shorts.slice(0, count), ...place.slice(count), ''].join(SEPARATOR),
  );
  return [...new Set(prefixes)];
}

/** True where the name can be part of a public one as it is. */
export function isLegalName(name: string): boolean {
  return name !== '' && name.search(ILLEGAL) === -1;
}

/** The one short form of a host's or server's name. */
function shortForm(name: string, length: number): string {
  if (name.length <= length) return name;
  const hash = hashOf(name, Math.min(SHORT.hash, length - 2));
  const [first, last] = ends(name, length - hash.length);
  return first + hash + last;
}

function shortTool(tool: string, length: number): string {
  const [first, last] = ends(tool.replace(ILLEGAL, '_'), length - TOOL_HASH - 2);
  return `${first.replace(/[_-]+$/u, '')}_${hashOf(tool, TOOL_HASH)}_${last.replace(/^[_-]+/u, '')}`;
}

function legal(tool: string): string {
  return isLegalName(tool) ? tool : `${tool.replace(ILLEGAL, '_')}_${hashOf(tool, TOOL_HASH)}`;
}

/** Its beginning and its end, so many characters in all: names of one family differ in either. */
function ends(text: string, length: number): readonly [first: string, last: string] {
  const first = Math.ceil((length * 3) / 5);
  return [text.slice(0, first), text.slice(text.length - (length - first))];
}

/** Small letters and digits. */
function hashOf(text: string, length: number): string {
  const digest = createHash('sha256').update(text).digest();
  return digest.readBigUInt64BE().toString(36).padStart(13, '0').slice(-length);
}

/** Globs are matched against the server's own names, not the renamed ones. Deny wins. */
export function isOffered(tools: ToolsPlan, name: string): boolean {
  const matches = (glob: string): boolean => matchesGlob(glob, name);
  return (tools.allow.length === 0 || tools.allow.some(matches)) && !tools.deny.some(matches);
}

export function renamed(tools: ToolsPlan, name: string): string {
  return tools.rename.get(name) ?? name;
}
