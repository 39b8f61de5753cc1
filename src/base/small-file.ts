/**
 * Reads the small files that every connection needs at its beginning: keys, known_hosts, caches.
 *
 * Synchronous reads: through the thread pool each costs ten times as much, and twenty hosts that start together read five
 * hundred files. Pipes and devices go through the pool, because they could block everything else.
 */
import { readFileSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

/** The text of a file; rejects as `readFile` does. */
export async function readSmallFile(path: string, encoding: 'utf8' | 'latin1' = 'utf8'): Promise<string> {
  return statSync(path).isFile() ? readFileSync(path, encoding) : readFile(path, encoding);
}

/** Whether the path exists; false where that cannot be determined. */
export function isThere(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return false;
  }
}
