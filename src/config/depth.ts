/**
 * How deep a YAML text is nested, before anything recursive reads it.
 *
 * Catching the stack's overflow is no way out: V8 aborts the whole process when it meets the end of the stack
 * while it compiles a regular expression.
 */
import type { CST } from 'yaml';

/** A hosts file needs eight. */
const MAX_DEPTH = 50;

export function isTooDeep(tokens: readonly CST.Token[]): boolean {
  let level: readonly CST.Token[] = tokens;
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > MAX_DEPTH) return true;
    level = level.flatMap(inside);
  }
  return false;
}

function inside(token: CST.Token): CST.Token[] {
  if (token.type === 'document') return token.value === undefined ? [] : [token.value];
  if (!('items' in token)) return [];
  return token.items.flatMap((item) => [item.key ?? [], item.value ?? []].flat());
}
