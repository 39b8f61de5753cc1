/** What the YAML parser lets pass and this program does not: aliases to nowhere, and `__proto__` as a key. */

import type { Document } from 'yaml';
import { isAlias, isMap, isNode, isScalar, isSeq } from 'yaml';
import type { Complaint, KeyPath } from './problem.ts';
import { keyOf, startOf } from './yaml-nodes.ts';

interface NodeComplaint extends Complaint {
  readonly offset: number;
  /** The document has no value as it stands. */
  readonly broken: boolean;
}

export function nodeComplaints(document: Document.Parsed): NodeComplaint[] {
  const found: NodeComplaint[] = [];
  const anchors = new Set<string>();
  const walk = (node: unknown, path: KeyPath): void => {
    if (isAlias(node) && !anchors.has(node.source)) found.push({ ...unknownAlias(path), offset: startOf(node) });
    if (isNode(node) && !isAlias(node) && node.anchor !== undefined) anchors.add(node.anchor);
    if (isSeq(node)) for (const [index, item] of node.items.entries()) walk(item, [...path, index]);
    if (!isMap(node)) return;
    for (const pair of node.items) {
      const key = keyOf(pair);
      if (isScalar(pair.key) && pair.key.anchor !== undefined) anchors.add(pair.key.anchor);
      if (key === '__proto__') found.push({ ...reserved([...path, key]), offset: startOf(pair.key) });
      walk(pair.value, [...path, key]);
    }
  };
  walk(document.contents, []);
  return found;
}

/** Most often a glob that somebody forgot to quote. */
function unknownAlias(path: KeyPath): Omit<NodeComplaint, 'offset'> {
  const found = 'an alias (*name) without its anchor (&name)';
  return {
    path,
    about: 'value',
    expected: 'a text',
    found,
    suggestion: 'put a text that begins with * in quotes',
    broken: true,
  };
}

/** Much of the world drops it silently. */
function reserved(path: KeyPath): Omit<NodeComplaint, 'offset'> {
  return { path, about: 'key', expected: 'a name', found: 'the reserved word `__proto__`', broken: false };
}
