/** Who made a temp folder or a throw-away user, so that the leftovers of a crashed run can be found. */

import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';

const PREFIX = 'mcpa-t';
const NAMED = /^mcpa-t(\d+)-([0-9a-z]+)-/;

/** A name that says which process owns it: its pid and its start time, since pids come back. */
export function ownedName(): string {
  return `${PREFIX}${process.pid}-${startOf(process.pid) ?? '0'}-${randomBytes(3).toString('hex')}`;
}

/** True for a name of ours whose process is gone. */
export function isOrphaned(name: string): boolean {
  const match = NAMED.exec(name);
  if (match === null) return false;
  const [, pid, start] = match;
  return startOf(Number(pid)) !== start;
}

/** The start time of a process in clock ticks since boot (proc(5), field 22), short enough for a user's name. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const afterName = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return Number(afterName[19]).toString(36);
  } catch {
    return isAlive(pid) ? '0' : undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
