/**
 * The secrets behind `${keychain:name}`: in the keychain, or in files where there is none.
 *
 * A file wins. There is one only where the last `secret set` found no keychain, so that the file is never older.
 */
import { join } from 'node:path';
import { type Keychain, openKeychain } from './keychain.ts';
import type { Environment } from './paths.ts';
import { SecretFiles } from './secret-files.ts';

export type SecretPlace = 'keychain' | 'file';

export class SecretStore {
  readonly #files: SecretFiles;
  readonly #env: Environment;
  #keychain: Keychain | undefined;

  constructor(env: Environment, stateDir: string) {
    this.#env = env;
    this.#files = new SecretFiles(join(stateDir, 'secrets'));
  }

  /** Where the files are. */
  get folder(): string {
    return this.#files.folder;
  }

  /** Undefined: there is none now. A later call looks again. */
  async keychain(): Promise<Keychain | undefined> {
    this.#keychain ??= await openKeychain(this.#env);
    return this.#keychain;
  }

  async get(name: string): Promise<string | undefined> {
    return (await this.#files.get(name)) ?? (await (await this.keychain())?.get(name));
  }

  async set(name: string, value: string): Promise<SecretPlace> {
    const keychain = await this.keychain();
    if (keychain === undefined) {
      await this.#files.set(name, value);
      return 'file';
    }
    await keychain.set(name, value);
    await this.#files.remove(name);
    return 'keychain';
  }

  /** False: there was no secret of this name. */
  async remove(name: string): Promise<boolean> {
    const wasInKeychain = await (await this.keychain())?.remove(name);
    return (await this.#files.remove(name)) || wasInKeychain === true;
  }

  /** By name. */
  async list(): Promise<ReadonlyMap<string, SecretPlace>> {
    const kept = (await (await this.keychain())?.names()) ?? [];
    const files = await this.#files.names();
    const all = [...kept.map((name) => [name, 'keychain'] as const), ...files.map((name) => [name, 'file'] as const)];
    return new Map(all.sort(([one], [other]) => (one < other ? -1 : 1)));
  }
}
