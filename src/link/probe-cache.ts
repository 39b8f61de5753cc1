/**
 * What was learned of a machine, so that the next start need not ask again.
 *
 * Keyed by the host key: another machine behind the same name is another machine. The file holds PATH and its like,
 * no secret; it is 0600 all the same. A file that cannot be read means "not known", never an error.
 */
import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAtomic } from '../base/atomic-write.ts';
import { readSmallFile } from '../base/small-file.ts';
import type { HostEnvironment } from '../launch/launch.ts';

export interface HostRecord {
  readonly environment: HostEnvironment;
  /** Launchers there can watch their output instead of passing stdin on. Undefined: not seen yet, to be tried once more. */
  readonly outputWatch: boolean | undefined;
}

const FORMAT = 3;

export class ProbeCache {
  readonly #folder: string;

  constructor(cacheDir: string) {
    this.#folder = join(cacheDir, 'machines');
  }

  /** `key`: everything that makes it this login on this machine. */
  async load(key: readonly string[]): Promise<HostRecord | undefined> {
    try {
      return parseRecord(JSON.parse(await readSmallFile(this.#file(key))));
    } catch {
      return undefined;
    }
  }

  async store(key: readonly string[], record: HostRecord): Promise<void> {
    await writeAtomic(this.#file(key), JSON.stringify(recordData(record)));
  }

  async drop(key: readonly string[]): Promise<void> {
    await rm(this.#file(key), { force: true });
  }

  #file(key: readonly string[]): string {
    const name = createHash('sha256').update(JSON.stringify(key)).digest('hex').slice(0, 32);
    return join(this.#folder, `${name}.json`);
  }
}

function recordData({ environment, outputWatch }: HostRecord): object {
  const { variables, ...machine } = environment;
  return { format: FORMAT, ...machine, variables: Object.fromEntries(variables), outputWatch };
}

function parseRecord(data: unknown): HostRecord | undefined {
  if (!isObject(data) || data['format'] !== FORMAT) return undefined;
  const { system, shell, asked, variables, outputWatch } = data;
  if (typeof system !== 'string' || typeof shell !== 'string' || typeof asked !== 'string') return undefined;
  if (!isObject(variables)) return undefined;
  const texts = Object.entries(variables).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  const environment = { system, shell, asked, variables: new Map(texts) };
  return { environment, outputWatch: typeof outputWatch === 'boolean' ? outputWatch : undefined };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
