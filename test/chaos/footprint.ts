/** What this process holds: descriptors, timers and the like, memory. */
import { readdirSync, readlinkSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

export interface Footprint {
  readonly descriptors: number;
  readonly handles: number;
  /** After a full collection, bytes. */
  readonly heap: number;
  readonly rss: number;
}

export function footprint(): Footprint {
  collect();
  const { heapUsed, rss } = process.memoryUsage();
  // Timers come and go, and hold nothing that does not show in the heap.
  const handles = process.getActiveResourcesInfo().filter((name) => name !== 'Timeout' && name !== 'Immediate').length;
  return { descriptors: descriptors('self').length, handles, heap: heapUsed, rss };
}

function collect(): void {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  gc();
  gc();
}

/** What the descriptors of a process are, sorted: kinds, and names of files. Logs are opened when there is something to say. */
export function descriptors(pid: number | 'self'): readonly string[] {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder)
    .map((name) => kindOf(`${folder}/${name}`))
    .filter((kind) => !kind.endsWith('.log'))
    .sort();
}

function kindOf(link: string): string {
  try {
    return readlinkSync(link).replace(/:\[\d+\]$/u, '');
  } catch {
    // The one that reads the folder.
    return 'closed';
  }
}
