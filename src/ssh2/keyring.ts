/** Keys that a person unlocked, kept in memory so that nobody is asked twice: not per reconnect, not per host. */
import type { ParsedKey } from 'ssh2';
import { AnywhereError } from '../base/errors.ts';
import type { IdentityFile } from './private-key.ts';

export type EncryptedFile = Extract<IdentityFile, { kind: 'encrypted' }>;

/** Asks for the passphrase of a file; undefined when nobody can be asked or they declined. */
export type AskPassphrase = (path: string, attempt: number) => Promise<string | undefined>;

const ATTEMPTS = 3;

export class Keyring {
  readonly #unlocked = new Map<string, ParsedKey>();
  readonly #asking = new Map<string, Promise<ParsedKey>>();

  /** The unlocked key of a file, if it was unlocked before and is still the same. */
  get(file: EncryptedFile): ParsedKey | undefined {
    const key = this.#unlocked.get(file.path);
    const same =
      key !== undefined && (file.publicKey === undefined || file.publicKey.getPublicSSH().equals(key.getPublicSSH()));
    return same ? key : undefined;
  }

  /** Throws NO_TTY when nobody answers, KEY_UNUSABLE after three wrong passphrases. Whoever comes meanwhile waits for the same answer. */
  async unlock(file: EncryptedFile, ask: AskPassphrase): Promise<ParsedKey> {
    const known = this.get(file);
    if (known !== undefined) return known;
    const asking = this.#asking.get(file.path) ?? this.#ask(file, ask);
    this.#asking.set(file.path, asking);
    try {
      return await asking;
    } finally {
      if (this.#asking.get(file.path) === asking) this.#asking.delete(file.path);
    }
  }

  async #ask(file: EncryptedFile, ask: AskPassphrase): Promise<ParsedKey> {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const passphrase = await ask(file.path, attempt);
      if (passphrase === undefined)
        throw new AnywhereError('NO_TTY', `${file.path} is encrypted and nobody gave its passphrase`, {
          hint: `ssh-add ${file.path}`,
        });
      const key = file.decrypt(passphrase);
      if (key === undefined) continue;
      this.#unlocked.set(file.path, key);
      return key;
    }
    throw new AnywhereError('KEY_UNUSABLE', `${file.path} was not unlocked by ${ATTEMPTS} passphrases`, {
      hint: `ssh-add ${file.path}`,
    });
  }
}
