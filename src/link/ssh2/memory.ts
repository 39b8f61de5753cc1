/** What a machine accepted last: offered first, or sent ahead, next time, so that a known host costs fewer round trips. */
import { createHash } from 'node:crypto';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Log } from '../../telemetry/log.ts';
import { readSmallFile } from '../small-file.ts';
import type { SshSettings } from '../ssh-config.ts';

type Machine = Pick<SshSettings, 'user' | 'hostname' | 'port'>;

/** Nothing secret, and only a hint: a wrong one costs a round trip. */
export interface LoginHint {
  /** Of the public key that let us in. */
  readonly fingerprint: string;
  /** That key alone let us in, and a program was started in the first session. */
  readonly session: boolean;
}

export interface LoginMemory {
  recall(machine: Machine): Promise<LoginHint | undefined>;
  remember(machine: Machine, hint: LoginHint): void;
}

/** One small file for each machine below `cacheDir`. */
export function createLoginMemory(cacheDir: string, log: Log): LoginMemory {
  const folder = join(cacheDir, 'logins');
  const seen = new Map<string, LoginHint>();
  return {
    recall: async (machine) => {
      const path = fileOf(folder, machine);
      const hint = seen.get(path) ?? (await readHint(path));
      if (hint !== undefined) seen.set(path, hint);
      return hint;
    },
    remember: (machine, hint) => {
      const path = fileOf(folder, machine);
      if (same(seen.get(path), hint)) return;
      seen.set(path, hint);
      try {
        writeHint(folder, path, hint);
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

async function readHint(path: string): Promise<LoginHint | undefined> {
  const text = await readSmallFile(path).catch(() => '');
  const [, fingerprint, session] = /^(SHA256:[A-Za-z0-9+/]{43})( session)?\n$/.exec(text) ?? [];
  return fingerprint === undefined ? undefined : { fingerprint, session: session !== undefined };
}

/** At once, and seldom: what is learned as a connection fails must be there for the next one, of whichever link. */
function writeHint(folder: string, path: string, hint: LoginHint): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, `${hint.fingerprint}${hint.session ? ' session' : ''}\n`, { mode: 0o600 });
  renameSync(draft, path);
}

function same(one: LoginHint | undefined, other: LoginHint): boolean {
  return one?.fingerprint === other.fingerprint && one.session === other.session;
}
