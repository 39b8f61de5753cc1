/** Changes a hosts file as text: comments, order and layout stay. Proved by comparing the data before and after. */
import { isDeepStrictEqual } from 'node:util';
import { AnywhereError } from '../base/errors.ts';
import { readDocument } from '../config/document.ts';
import { formatKey, mapping } from '../config/problem.ts';
import { withValueAt } from '../discovery/format.ts';
import { commentIn, putIn, removeIn } from './yaml-splice.ts';

/** A value for a key, the end of the key, or a line of comment above the key. */
export type HostsChange =
  | { readonly kind: 'put'; readonly path: readonly string[]; readonly value: unknown }
  | { readonly kind: 'remove'; readonly path: readonly string[] }
  | { readonly kind: 'comment'; readonly path: readonly string[]; readonly text: string };

/** The text with the changes. Throws where the text is written in a way that this program cannot change alone. */
export function changedHostsText(text: string, changes: readonly HostsChange[]): string {
  return changes.reduce(changedOnce, text);
}

function changedOnce(text: string, change: HostsChange): string {
  const after = splicedText(text, change);
  const wanted = changedData(readDocument(text).value, change);
  if (after === undefined || !isDeepStrictEqual(filledIn(readDocument(after).value), filledIn(wanted)))
    throw new AnywhereError('USAGE', `${formatKey(change.path)} cannot be changed without changing other keys too.`, {
      evidence: ['anchors, aliases, merges (<<) or an unusual layout are in the way'],
      hint: 'make the change in an editor, then run: mcp-anywhere config validate',
    });
  return after;
}

function splicedText(text: string, change: HostsChange): string | undefined {
  if (change.kind === 'put') return putIn(text, change.path, change.value);
  return change.kind === 'remove' ? removeIn(text, change.path) : commentIn(text, change.path, change.text);
}

/** The data with the change. */
export function changedData(data: unknown, change: HostsChange): unknown {
  if (change.kind === 'comment') return data;
  return withValueAt(data, change.path, change.kind === 'put' ? change.value : undefined);
}

/** For the comparison: an empty host, server or list of them is the same as an empty mapping. */
export function filledIn(data: unknown): unknown {
  const file = mapping(data);
  const hosts = Object.entries(mapping(file['hosts'])).map(([name, value]) => {
    const host = mapping(value);
    const servers = Object.entries(mapping(host['servers'])).map(([server, entry]) => [server, mapping(entry)]);
    return [name, { ...host, servers: Object.fromEntries(servers) as unknown }];
  });
  return { ...file, hosts: Object.fromEntries(hosts) as unknown };
}
