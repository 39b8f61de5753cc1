/**
 * Reads of the few small files that every connection begins with: keys, known_hosts, what was learned last time.
 *
 * Read at once: by way of the thread pool each costs ten times as much, and twenty hosts that start together read five
 * hundred. A pipe or a device, which could keep everybody waiting, is left to the pool.
 */
import { readFileSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

/** The text of a file; rejects as `readFile` does. */
export async function readSmallFile(path: string, encoding: 'utf8' | 'latin1' = 'utf8'): Promise<string> {
  return statSync(path).isFile() ? readFileSync(path, encoding) : readFile(path, encoding);
}

/** Whether something is there; false where that cannot be seen. */
export function isThere(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return false;
  }
}
