/**
 * What `ssh -G` said, kept on disk for as long as nothing that it depends on has changed: the first packet to a known
 * host need not wait for a process. Where the dependencies cannot be told (ssh-config-inputs.ts), ssh is asked every time.
 */
import { createHash } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LinkDeps } from './contract.ts';
import { readSmallFile } from './small-file.ts';
import { sshConfigInputs } from './ssh-config-inputs.ts';

export interface SshQuestion {
  /** All arguments of ssh. */
  readonly args: readonly string[];
  /** As `ssh -F`. */
  readonly configFile: string | undefined;
}

/** Options whose values can hold a secret: an answer with one of them is not kept. */
const MAY_HOLD_SECRETS = /^(setenv|proxycommand|localcommand|remotecommand|knownhostscommand) (?!none$)/im;
const FORMAT = 1;

export class SshConfigCache {
  readonly #folder: string;
  readonly #searchPath: string;

  constructor({ cacheDir, env }: Pick<LinkDeps, 'cacheDir' | 'env'>) {
    this.#folder = join(cacheDir, 'ssh-config');
    this.#searchPath = env['PATH'] ?? '';
  }

  /** The kept answer, or that of `ask`. Rejects as `ask` does and for no other reason. */
  async answer(question: SshQuestion, ask: () => Promise<string>): Promise<string> {
    const inputs = this.#look(question);
    if (inputs === undefined) return ask();
    const file = join(this.#folder, `${digest(JSON.stringify(question)).slice(0, 32)}.json`);
    const kept = await read(file, inputs);
    if (kept !== undefined) return kept;
    const text = await ask();
    // What changed while ssh was reading may or may not be in its answer.
    if (!MAY_HOLD_SECRETS.test(text) && this.#look(question) === inputs) await this.#keep(file, inputs, text);
    return text;
  }

  #look({ configFile }: SshQuestion): string | undefined {
    return sshConfigInputs({ configFile, searchPath: this.#searchPath });
  }

  /** What cannot be kept is asked again. */
  async #keep(file: string, inputs: string, text: string): Promise<void> {
    const draft = `${file}.${String(process.pid)}`;
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      await writeFile(draft, JSON.stringify({ format: FORMAT, inputs, text }), { mode: 0o600 });
      await rename(draft, file);
    } catch {
      // A full disk or a folder that cannot be written: no reason not to connect.
    }
  }
}

async function read(file: string, inputs: string): Promise<string | undefined> {
  try {
    const kept = JSON.parse(await readSmallFile(file)) as Record<string, unknown> | null;
    const fits = kept?.['format'] === FORMAT && kept['inputs'] === inputs && typeof kept['text'] === 'string';
    return fits ? (kept['text'] as string) : undefined;
  } catch {
    return undefined;
  }
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
