/** Memory and processor time of processes, through /proc (proc(5)). */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

const KIB = 1024;

function field(pid: number, name: string): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? Number.NaN);
}

/** Bytes resident now. */
export function rss(pid: number): number {
  return field(pid, 'VmRSS') * KIB;
}

/** Most bytes resident since `resetPeak`. */
export function peakRss(pid: number): number {
  return field(pid, 'VmHWM') * KIB;
}

export function resetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

/** Bytes resident of a process and all that it started. */
export function treeRss(root: number): number {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
  const parents = new Map(all.map((pid) => [pid, parentOf(pid)]));
  const isBelow = (pid: number): boolean => {
    const parent = parents.get(pid);
    return parent !== undefined && (parent === root || isBelow(parent));
  };
  return [root, ...all.filter(isBelow)].reduce((sum, pid) => sum + safeRss(pid), 0);
}

function parentOf(pid: number): number | undefined {
  try {
    return field(pid, 'PPid');
  } catch {
    return undefined;
  }
}

function safeRss(pid: number): number {
  try {
    return rss(pid) || 0;
  } catch {
    return 0;
  }
}

/** USER_HZ of Linux. */
const TICKS_PER_SECOND = 100;

/** User and system time so far (fields 14 and 15 of stat). */
export function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}
