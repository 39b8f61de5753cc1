/** Finding processes by what they carry (Linux: /proc), and waiting until they are gone. */
import { readdirSync, readFileSync } from 'node:fs';
import { until } from './until.ts';

export interface ProcessInfo {
  readonly pid: number;
  readonly parent: number;
  readonly uid: number;
  readonly name: string;
  /** Arguments joined with blanks; empty for a zombie. */
  readonly commandLine: string;
}

/** Every process that can be read, zombies left out. */
export function allProcesses(): ProcessInfo[] {
  return pids().flatMap((pid) => describe(pid) ?? []);
}

/** Processes whose environment holds exactly `name=value`. */
export function withVariable(name: string, value: string): ProcessInfo[] {
  const wanted = `${name}=${value}`;
  return allProcesses().filter(({ pid }) => read(`/proc/${pid}/environ`).split('\0').includes(wanted));
}

/** Processes whose command line holds `text`. */
export function withCommandLine(text: string): ProcessInfo[] {
  return allProcesses().filter((one) => one.pid !== process.pid && one.commandLine.includes(text));
}

export function withUid(uid: number): ProcessInfo[] {
  return allProcesses().filter((one) => one.uid === uid);
}

/** All below `root`, nearest first. */
export function descendants(root: number): ProcessInfo[] {
  const all = allProcesses();
  const found: ProcessInfo[] = [];
  for (let level = [root]; level.length > 0; ) {
    const next = all.filter((one) => level.includes(one.parent));
    found.push(...next);
    level = next.map((one) => one.pid);
  }
  return found;
}

export function isAlive(pid: number): boolean {
  return describe(pid) !== undefined;
}

/** Resolves when `find` finds nothing more; the failure names what is still there. */
export async function gone(find: () => readonly ProcessInfo[], withinMs = 10_000): Promise<void> {
  await until(() => find().length === 0, {
    withinMs,
    everyMs: 50,
    what: () =>
      `these to end: ${find()
        .map((one) => `${one.pid} ${one.commandLine}`)
        .join('; ')}`,
  });
}

/** SIGKILL to each by its pid; those that are gone already do not matter. */
export function killAll(processes: readonly ProcessInfo[]): void {
  for (const { pid } of processes) signalPid(pid, 'SIGKILL');
}

export function signalPid(pid: number, signal: NodeJS.Signals): void {
  // To kill(2), 0, 1 and negative numbers mean groups, init or everybody.
  if (!Number.isInteger(pid) || pid <= 1) throw new Error(`no process to send ${signal} to: ${pid}`);
  try {
    process.kill(pid, signal);
  } catch {
    // Gone already.
  }
}

function pids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

function describe(pid: number): ProcessInfo | undefined {
  const status = read(`/proc/${pid}/status`);
  const field = (name: string): string => new RegExp(`^${name}:\\s+(\\S+)`, 'm').exec(status)?.[1] ?? '';
  if (status === '' || field('State') === 'Z' || field('State') === 'X') return undefined;
  const commandLine = read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim();
  return { pid, parent: Number(field('PPid')), uid: Number(field('Uid')), name: field('Name'), commandLine };
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
