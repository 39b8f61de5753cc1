/**
 * What was learned and would be learned again: a small JSON file (0600) for each subject.
 *
 * A file that is missing, or holds anything else than expected, means "not known". A file that cannot be written is reported,
 * and nothing fails.
 */
import { createHash } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writeAtomicSync } from './atomic-write.ts';

/** The part of a zod schema that is used here. */
interface Schema<T> {
  safeParse(value: unknown): { readonly data?: T | undefined };
}

export class Memory<T> {
  readonly #folder: string;
  readonly #schema: Schema<T>;
  readonly #onError: (error: unknown) => void;

  /** @param folder made (0700) with the first file */
  constructor(folder: string, schema: Schema<T>, onError: (error: unknown) => void) {
    this.#folder = folder;
    this.#schema = schema;
    this.#onError = onError;
  }

  /** @param subject everything that makes it this subject */
  recall(subject: readonly string[]): T | undefined {
    try {
      return this.#schema.safeParse(JSON.parse(textOf(this.#file(subject)))).data;
    } catch {
      return undefined;
    }
  }

  remember(subject: readonly string[], value: T): void {
    const [file, text] = [this.#file(subject), JSON.stringify(value)];
    this.#try(() => {
      if (textOf(file) !== text) writeAtomicSync(file, text);
    });
  }

  forget(subject: readonly string[]): void {
    this.#try(() => {
      rmSync(this.#file(subject), { force: true });
    });
  }

  #try(change: () => void): void {
    try {
      change();
    } catch (error) {
      this.#onError(error);
    }
  }

  #file(subject: readonly string[]): string {
    const name = createHash('sha256').update(JSON.stringify(subject)).digest('hex').slice(0, 32);
    return join(this.#folder, `${name}.json`);
  }
}

/** Empty where it cannot be read. */
function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
