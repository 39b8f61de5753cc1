/** Which key a machine accepted last: offered first next time, so that a known host costs fewer round trips. */
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../../telemetry/log.ts';
import type { SshSettings } from '../ssh-config.ts';

type Machine = Pick<SshSettings, 'user' | 'hostname' | 'port'>;

/** Only a fingerprint of a public key, and only a hint: a wrong one costs a round trip. */
export interface LoginMemory {
  recall(machine: Machine): Promise<string | undefined>;
  remember(machine: Machine, fingerprint: string): void;
}

/** One small file for each machine below `cacheDir`. */
export function createLoginMemory(cacheDir: string, log: Log): LoginMemory {
  const folder = join(cacheDir, 'logins');
  const seen = new Map<string, string>();
  return {
    recall: async (machine) => {
      const path = fileOf(folder, machine);
      return seen.get(path) ?? (await readHint(path));
    },
    remember: (machine, fingerprint) => {
      const path = fileOf(folder, machine);
      if (seen.get(path) === fingerprint) return;
      seen.set(path, fingerprint);
      writeHint(folder, path, fingerprint).catch((error: unknown) => {
        log.debug({ error }, 'which key worked could not be kept');
      });
    },
  };
}

function fileOf(folder: string, machine: Machine): string {
  const name = createHash('sha256').update(`${machine.user}\0${machine.hostname}\0${machine.port}`).digest('hex').slice(0, 32);
  return join(folder, name);
}

async function readHint(path: string): Promise<string | undefined> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return /^SHA256:[A-Za-z0-9+/]{43}$/.exec(text.trim())?.[0];
}

async function writeHint(folder: string, path: string, fingerprint: string): Promise<void> {
  if ((await readHint(path)) === fingerprint) return;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const draft = `${path}.${process.pid}`;
  await writeFile(draft, `${fingerprint}\n`, { mode: 0o600 });
  await rename(draft, path);
}
