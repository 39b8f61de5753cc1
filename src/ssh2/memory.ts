/** Which key a machine accepted last: offered first next time, as every wrong one costs a round trip. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { writeAtomicSync } from '../base/atomic-write.ts';
import { readSmallFile } from '../base/small-file.ts';
import type { SshSettings } from '../ssh/config.ts';
import type { Log } from '../telemetry/log.ts';

type Machine = Pick<SshSettings, 'user' | 'hostname' | 'port'>;

export interface LoginMemory {
  /** The fingerprint of a public key: nothing secret, and only a hint. */
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
      const hint = seen.get(path) ?? (await readHint(path));
      if (hint !== undefined) seen.set(path, hint);
      return hint;
    },
    remember: (machine, hint) => {
      const path = fileOf(folder, machine);
      if (seen.get(path) === hint) return;
      seen.set(path, hint);
      try {
        // At once, and seldom: the next connection, of whichever link, must find the file.
        writeAtomicSync(path, `${hint}\n`);
      } catch (error) {
        log.debug({ error }, 'which key worked could not be kept');
      }
    },
  };
}

function fileOf(folder: string, machine: Machine): string {
  const name = createHash('sha256')
    .update(`${machine.user}\0${machine.hostname}\0${machine.port}`)
    .digest('hex')
    .slice(0, 32);
  return join(folder, name);
}

async function readHint(path: string): Promise<string | undefined> {
  const text = await readSmallFile(path).catch(() => '');
  return /^(SHA256:[A-Za-z0-9+/]{43})(?: session)?\n$/.exec(text)?.[1];
}
