/**
 * `PORT: 08080` and `VERSION: 1.10` in `env` or `args` mean what is written there, not the number YAML makes
 * of it. So plain numbers and booleans in those places are put back to their text.
 */

import type { Document } from 'yaml';
import { isMap, isScalar, isSeq } from 'yaml';
import { child, followed } from './yaml-nodes.ts';

/** Changes the document in place. */
export function keepWrittenText(document: Document.Parsed): void {
  const root = document.contents;
  const hosts = values(document, child(document, root, 'hosts')?.value);
  for (const owner of [...hosts, child(document, root, 'defaults')?.value]) {
    for (const server of values(document, child(document, owner, 'servers')?.value)) {
      for (const key of ['env', 'args']) values(document, child(document, server, key)?.value).forEach(keepText);
    }
  }
}

/** The values of a map or list; none for anything else. */
function values(document: Document.Parsed, node: unknown): unknown[] {
  const found = followed(document, node);
  if (isSeq(found)) return [...found.items];
  return isMap(found) ? found.items.map((pair) => pair.value) : [];
}

function keepText(node: unknown): void {
  if (!isScalar(node) || node.source === undefined) return;
  if (typeof node.value === 'number' || typeof node.value === 'boolean') node.value = node.source;
}
