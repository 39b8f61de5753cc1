/** Changes a hosts file as text: comments, order and layout stay. Proved by comparing the data before and after. */
import { isDeepStrictEqual } from 'node:util';
import { AnywhereError } from '../base/errors.ts';
import { readDocument } from '../config/document.ts';
import { formatKey, mapping } from '../config/problem.ts';
import { withValueAt } from '../discovery/format.ts';
import { type Comment, putIn, removeIn } from './yaml-splice.ts';

/** A value for a key, or the end of the key. Comments stand above keys of a new value, where comments can stand. */
export type HostsChange =
  | {
      readonly kind: 'put';
      readonly path: readonly string[];
      readonly value: unknown;
      readonly comments?: readonly Comment[];
    }
  | { readonly kind: 'remove'; readonly path: readonly string[] };

/** The text with the changes. Throws where the text is written in a way that this program cannot change alone. */
export function changedHostsText(text: string, changes: readonly HostsChange[]): string {
  const after = changes.reduce<string | undefined>(splicedText, text);
  const wanted = changes.reduce(changedData, readDocument(text).value);
  const isRight = after !== undefined && isDeepStrictEqual(filledIn(readDocument(after).value), filledIn(wanted));
  if (isRight) return after;
  const [only, ...others] = changes;
  // One by one, to name the change that is in the way.
  if (only === undefined || others.length > 0)
    return changes.reduce((now, change) => changedHostsText(now, [change]), text);
  throw new AnywhereError('USAGE', `${formatKey(only.path)} cannot be changed without changing other keys too.`, {
    evidence: ['anchors, aliases, merges (<<) or an unusual layout are in the way'],
    hint: 'make the change in an editor, then run: mcp-anywhere config validate',
  });
}

function splicedText(text: string | undefined, change: HostsChange): string | undefined {
  if (text === undefined) return undefined;
  return change.kind === 'put' ? putIn(text, change.path, change) : removeIn(text, change.path);
}

/** The data with the change. */
export function changedData(data: unknown, change: HostsChange): unknown {
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
