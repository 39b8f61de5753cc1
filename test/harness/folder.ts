/** Temp folders that go away: with the process at the latest, or with the next run after a crash. */
import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atExit } from './at-exit.ts';
import { ownedName } from './owner.ts';

export interface Folder {
  readonly path: string;
  readonly remove: () => void;
}

/** `public`: other users may pass through it (a throw-away user's home lies below). */
export function makeFolder(access: 'private' | 'public' = 'private'): Folder {
  const path = join(tmpdir(), ownedName());
  mkdirSync(path, { mode: 0o700 });
  if (access === 'public') chmodSync(path, 0o755);
  const wipe = (): void => {
    rmSync(path, { recursive: true, force: true, maxRetries: 5 });
  };
  const forget = atExit(wipe);
  return {
    path,
    remove: () => {
      forget();
      wipe();
    },
  };
}
