/**
 * Public names: `host__server__tool`, legal for every client, never longer than `maxLength`.
 *
 * A name depends only on its own parts, so it does not change when other hosts come or go. The tool's own name matters
 * most, so host and server are shortened first. Host and server names hold no `__` and do not begin or end with `_` (the
 * schema of the hosts file checks this), nor do their short forms, so a join is unambiguous. A changed part carries a
 * hash of the original.
 */

import { createHash } from 'node:crypto';
import { matchesGlob } from '../base/glob.ts';
import type { ToolsPlan } from '../config/plan.ts';

const SEPARATOR = '__';
const ILLEGAL = /[^A-Za-z0-9_-]/gu;
/** Size of the short form of a host or server. */
const SHORT = { length: 9, hash: 4 };
/** The shortest part for the tool. */
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

/** The possible prefixes of the public names of a server or pool, the longest first. */
export function prefixesOf(place: readonly string[], maxLength: number): readonly string[] {
  const room = Math.floor((maxLength - MIN_TOOL) / place.length) - SEPARATOR.length;
  const shorts = place.map((name) => shortForm(name, Math.min(SHORT.length, room)));
  const prefixes = [...place.keys(), place.length].map((count) =>
    [...shorts.slice(0, count), ...place.slice(count), ''].join(SEPARATOR),
  );
  return [...new Set(prefixes)];
}

/** Whether the name needs no change in a public name. */
export function isLegalName(name: string): boolean {
  return name !== '' && name.search(ILLEGAL) === -1;
}

/** The short form of a host's or server's name. */
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

/** The begin and the end of a text, `length` characters in all: similar names differ at one of them. */
function ends(text: string, length: number): readonly [first: string, last: string] {
  const first = Math.ceil((length * 3) / 5);
  return [text.slice(0, first), text.slice(text.length - (length - first))];
}

/** Lower-case letters and digits. */
function hashOf(text: string, length: number): string {
  const digest = createHash('sha256').update(text).digest();
  return digest.readBigUInt64BE().toString(36).padStart(13, '0').slice(-length);
}

/**
 * Whether a tool is offered. A call finds its route only in the catalog, so a tool that is not offered cannot be called.
 * Globs match the server's own names, before `rename`. Deny wins.
 */
export function isOffered(tools: ToolsPlan, name: string): boolean {
  const matches = (glob: string): boolean => matchesGlob(glob, name);
  return (tools.allow.length === 0 || tools.allow.some(matches)) && !tools.deny.some(matches);
}

export function renamed(tools: ToolsPlan, name: string): string {
  return tools.rename.get(name) ?? name;
}
