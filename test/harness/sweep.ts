/** Removes what test runs that died left behind: their sshd processes, throw-away users and temp folders. */
import { readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isOrphaned } from './owner.ts';
import { killAll, withCommandLine } from './processes.ts';
import { removeUser, userList } from './users.ts';

export function sweep(): void {
  for (const name of readdirSync(tmpdir()).filter(isOrphaned)) {
    const path = join(tmpdir(), name);
    killAll(withCommandLine(`${path}/`).filter((one) => one.name === 'sshd'));
    tolerate(() => {
      rmSync(path, { recursive: true, force: true });
    });
  }
  if (process.getuid?.() !== 0) return;
  for (const user of userList().filter(({ name }) => isOrphaned(name)))
    tolerate(() => {
      removeUser(user);
    });
}

/** Another worker may sweep at the same time. */
function tolerate(work: () => void): void {
  try {
    work();
  } catch {
    // The next run tries again.
  }
}
