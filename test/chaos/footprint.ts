/** What this process holds: descriptors, timers and the like, memory. */
import { readdirSync } from 'node:fs';
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
  return { descriptors: readdirSync('/proc/self/fd').length, handles, heap: heapUsed, rss };
}

function collect(): void {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  gc();
  gc();
}
