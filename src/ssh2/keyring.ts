/**
 * The keys that a person has unlocked. Apart from `private-key.ts`, because the gateway holds a keyring from the start, and
 * the library `ssh2` is loaded only for the first login (a tenth of the time to the first answer).
 */
import type { ParsedKey } from 'ssh2';
import { AnywhereError } from '../base/errors.ts';
import type { IdentityFile } from './private-key.ts';

export type EncryptedFile = Extract<IdentityFile, { kind: 'encrypted' }>;

/** Asks for the passphrase of a file; undefined where nobody can be asked or the person declined. */
export type AskPassphrase = (path: string, attempt: number) => Promise<string | undefined>;

const ATTEMPTS = 3;

/** Unlocked keys, kept in memory: nobody is asked again at a reconnect or for another host. */
export class Keyring {
  readonly #unlocked = new Map<string, ParsedKey>();
  readonly #asking = new Map<string, Promise<ParsedKey>>();

  /** Throws NO_TTY where nobody answers, KEY_UNUSABLE after three wrong passphrases. Callers at the same time share one question. */
  async unlock(file: EncryptedFile, ask: AskPassphrase): Promise<ParsedKey> {
    const known = this.#known(file);
    if (known !== undefined) return known;
    const asking = this.#asking.get(file.path) ?? this.#ask(file, ask);
    this.#asking.set(file.path, asking);
    try {
      return await asking;
    } finally {
      if (this.#asking.get(file.path) === asking) this.#asking.delete(file.path);
    }
  }

  /** The unlocked key, where the file still holds the same key. */
  #known(file: EncryptedFile): ParsedKey | undefined {
    const key = this.#unlocked.get(file.path);
    const same =
      key !== undefined && (file.publicKey === undefined || file.publicKey.getPublicSSH().equals(key.getPublicSSH()));
    return same ? key : undefined;
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
    throw new AnywhereError('KEY_UNUSABLE', `${file.path} was not unlocked: ${ATTEMPTS} passphrases were wrong`, {
      hint: `ssh-add ${file.path}`,
    });
  }
}
