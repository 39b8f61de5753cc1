/** The daemons that a test's commands have started: found by their records, ended with the test. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { allProcesses, gone, type ProcessInfo, signalPid, withVariable } from './processes.ts';

/** Those that live and have their socket below this XDG_RUNTIME_DIR. */
export function daemonsIn(runtimeDir: string): ProcessInfo[] {
  const pids = new Set(recordsIn(join(runtimeDir, 'mcp-anywhere')));
  return pids.size === 0 ? [] : allProcesses().filter(({ pid, commandLine }) => pids.has(pid) && isDaemon(commandLine));
}

/**
 * In order, as a person would; at once where that takes too long. A daemon on its way out has no record any more, and
 * still writes what it has learned.
 */
export async function endDaemons(runtimeDir: string): Promise<void> {
  const found = withVariable('XDG_RUNTIME_DIR', runtimeDir).filter(({ commandLine }) => isDaemon(commandLine));
  const left = (): ProcessInfo[] => {
    const pids = new Set(allProcesses().map(({ pid }) => pid));
    return found.filter(({ pid }) => pids.has(pid));
  };
  for (const { pid } of found) signalPid(pid, 'SIGTERM');
  await gone(left, 5_000).catch(async () => {
    for (const { pid } of left()) signalPid(pid, 'SIGKILL');
    await gone(left, 5_000);
  });
}

/** A pid may have come to another process since. */
function isDaemon(commandLine: string): boolean {
  return commandLine.includes('bin.js daemon');
}

function recordsIn(folder: string): number[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith('.pid'))
      .map((name) => (JSON.parse(readFileSync(join(folder, name), 'utf8')) as { pid: number }).pid);
  } catch {
    return [];
  }
}
