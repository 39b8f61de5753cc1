/** Navigation in a parsed YAML document. */

import type { Document, Node, Pair, YAMLMap } from 'yaml';
import { isAlias, isMap, isScalar, isSeq } from 'yaml';
import type { KeyPath } from './problem.ts';

interface Found {
  readonly key: unknown;
  readonly value: unknown;
}

/** The depth limit of merges inside merges: `<<` can refer to itself. */
const MAX_MERGES = 20;

/** The offset of a key or its value in the text; for a missing one, the offset of its parent. */
export function offsetOf(document: Document.Parsed, path: KeyPath, about: 'key' | 'value'): number {
  let node: unknown = document.contents;
  let offset = startOf(node);
  for (const [index, part] of path.entries()) {
    const found = child(document, node, part);
    if (found === undefined) return offset;
    const atKey = about === 'key' || index < path.length - 1 || isNothing(found.value);
    offset = startOf(atKey ? (found.key ?? found.value) : found.value);
    node = found.value;
  }
  return offset;
}

/** The child at a key or an index; aliases and `<<` are followed. */
export function child(document: Document.Parsed, parent: unknown, part: string | number): Found | undefined {
  const node = followed(document, parent);
  if (isSeq(node)) {
    return typeof part === 'number' && part < node.items.length
      ? { key: undefined, value: node.items[part] }
      : undefined;
  }
  return isMap(node) ? pairIn(document, node, String(part), MAX_MERGES) : undefined;
}

export function keyOf(pair: Pair): string {
  return isScalar(pair.key) ? String(pair.key.value) : String(pair.key);
}

export function startOf(node: unknown): number {
  return (node as Node | null | undefined)?.range?.[0] ?? 0;
}

export function followed(document: Document.Parsed, node: unknown): unknown {
  return isAlias(node) ? node.resolve(document) : node;
}

function pairIn(document: Document.Parsed, map: YAMLMap, key: string, mergesLeft: number): Found | undefined {
  const own = map.items.find((pair) => keyOf(pair) === key);
  if (own !== undefined || mergesLeft === 0) return own;
  const merge = followed(document, map.items.find((pair) => keyOf(pair) === '<<')?.value);
  const sources: readonly unknown[] = isSeq(merge) ? merge.items : [merge];
  for (const source of sources) {
    const node = followed(document, source);
    const found = isMap(node) ? pairIn(document, node, key, mergesLeft - 1) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

function isNothing(node: unknown): boolean {
  return node === null || node === undefined || (isScalar(node) && node.value === null);
}
