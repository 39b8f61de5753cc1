/** What a daemon inherits from its client: descriptors, which it closes, and a systemd unit, which it cannot leave. */
import { closeSync, readdirSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Environment } from '../config/paths.ts';

/** open(2): the descriptor is closed in child processes. Node opens its own files with this flag. */
const CLOSE_ON_EXEC = 0o2000000;

/** A pipe of the client that the daemon held open would never end for its reader. On macOS libuv keeps descriptors from being inherited. */
export function closeInherited(platform: NodeJS.Platform): void {
  if (platform !== 'linux') return;
  for (const name of readdirSync('/proc/self/fdinfo')) {
    if (Number(name) > 2 && isInherited(name)) closeSync(Number(name));
  }
}

function isInherited(descriptor: string): boolean {
  try {
    const flags = /^flags:\s*([0-7]+)/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8'))?.[1];
    return flags !== undefined && (Number.parseInt(flags, 8) & CLOSE_ON_EXEC) === 0;
  } catch {
    // The descriptor of the listing itself.
    return false;
  }
}

/** The systemd unit of another program: when the unit stops, systemd kills this process too. Undefined without one. */
export async function foreignUnit(env: Environment, pid: number): Promise<string | undefined> {
  // systemd names the main process of a service: the unit is the daemon's own.
  if (env['SYSTEMD_EXEC_PID'] === String(pid)) return undefined;
  return unitOf(await readFile(`/proc/${pid}/cgroup`, 'utf8').catch(() => ''));
}

/** @param text as in cgroups(7): `0::PATH`, or `1:name=systemd:PATH` with version 1 */
export function unitOf(text: string): string | undefined {
  const paths = text.split('\n').flatMap((line) => /^\d+:(?:name=systemd)?:(.*)$/.exec(line)?.[1] ?? []);
  return paths.map(innermostUnit).find((unit) => unit !== undefined);
}

function innermostUnit(path: string): string | undefined {
  const unit = path.split('/').findLast((name) => /\.(?:scope|service)$/.test(name));
  // Units of systemd itself end with the machine or the user's last session.
  return unit === undefined || unit === 'init.scope' || unit.startsWith('user@') ? undefined : unit;
}
