/** The start time of a process, which tells a process from a later one with the same pid. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';

/** For a living process with an unknown start time. */
const ALIVE = 'alive';

/**
 * Undefined where no such process runs, or only its zombie does. Two equal answers for one pid mean the same process;
 * on Windows, only that some process has this pid.
 */
export async function processStart(pid: number, platform = process.platform): Promise<string | undefined> {
  if (platform === 'linux') return linuxStart(pid);
  if (!isAlive(pid)) return undefined;
  return platform === 'win32' ? ALIVE : psStart(pid);
}

/** True for a process that SIGSTOP or a debugger halted. */
export async function isHalted(pid: number, platform = process.platform): Promise<boolean> {
  if (platform === 'win32') return false;
  const state = platform === 'linux' ? await linuxState(pid) : await psState(pid);
  return /^[Tt]/.test(state);
}

async function linuxState(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return stat.slice(stat.lastIndexOf(')') + 2);
}

function psState(pid: number): Promise<string> {
  return new Promise((resolve) => {
    execFile('ps', ['-o', 'stat=', '-p', String(pid)], { env: { LC_ALL: 'C' } }, (_error, stdout) => {
      resolve(stdout.trim());
    });
  });
}

/** proc(5): the state is field 3, the start in ticks since boot field 22; the name before them may hold anything. */
async function linuxStart(pid: number): Promise<string | undefined> {
  try {
    const [stat, boot] = await Promise.all([
      readFile(`/proc/${pid}/stat`, 'utf8'),
      readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => ''),
    ]);
    const [state = '', ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' || state === 'X' ? undefined : `${boot.trim()} ${fields[18] ?? ''}`;
  } catch {
    return undefined;
  }
}

function psStart(pid: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], { env: { LC_ALL: 'C' } }, (_error, stdout) => {
      const [state = '', ...start] = stdout.trim().split(/\s+/);
      if (start.length === 0) resolve(isAlive(pid) ? ALIVE : undefined);
      else resolve(state.startsWith('Z') ? undefined : start.join(' '));
    });
  });
}

/** False where a process of another user has the pid: our process has ended. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
