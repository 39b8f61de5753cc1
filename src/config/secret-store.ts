/**
 * The secrets behind `${keychain:name}`: in the keychain, or in files where there is none.
 *
 * A file wins. There is one only where the last `secret set` found no keychain, so that the file is never older.
 */
import { join } from 'node:path';
import { Keychain } from './keychain.ts';
import type { Environment } from './paths.ts';
import { SecretFiles } from './secret-files.ts';

export type SecretPlace = 'keychain' | 'file';

export class SecretStore {
  readonly #files: SecretFiles;
  readonly #keychain: Keychain;
  readonly #signal: AbortSignal;

  /** @param signal ends the wait for a locked keychain */
  constructor(env: Environment, stateDir: string, signal: AbortSignal = new AbortController().signal) {
    this.#signal = signal;
    this.#keychain = new Keychain(env);
    this.#files = new SecretFiles(join(stateDir, 'secrets'));
  }

  /** Where the files are. */
  get folder(): string {
    return this.#files.folder;
  }

  async hasKeychain(): Promise<boolean> {
    return await this.#keychain.isThere(this.#signal);
  }

  async get(name: string, signal = this.#signal): Promise<string | undefined> {
    return (await this.#files.get(name)) ?? (await this.#keychain.get(name, signal));
  }

  async set(name: string, value: string): Promise<SecretPlace> {
    if (await this.#keychain.set(name, value, this.#signal)) {
      await this.#files.remove(name);
      return 'keychain';
    }
    await this.#files.set(name, value);
    return 'file';
  }

  /** False: there was no secret of this name. */
  async remove(name: string): Promise<boolean> {
    const wasInKeychain = await this.#keychain.remove(name, this.#signal);
    return (await this.#files.remove(name)) || wasInKeychain;
  }

  /** By name. */
  async list(): Promise<ReadonlyMap<string, SecretPlace>> {
    const [kept, files] = [await this.#keychain.names(this.#signal), await this.#files.names()];
    const all = [...kept.map((name) => [name, 'keychain'] as const), ...files.map((name) => [name, 'file'] as const)];
    return new Map(all.sort(([one], [other]) => (one < other ? -1 : 1)));
  }
}
