/**
 * What is known of the machine behind a link: the environment of its login shell, and how launchers can work there.
 *
 * On first contact one launch carries the probe, and the others wait for the answer, because five login shells at once take
 * longer than one. Without an answer the machine counts as known, without variables, until this process ends.
 */
import { join } from 'node:path';
import * as z from 'zod';
import { orAbort } from '../base/abort.ts';
import { Memory } from '../base/memory.ts';
import type { HostEnvironment } from '../launch/contract.ts';
import type { Preamble } from '../launch/preamble.ts';
import type { LinkDeps } from './contract.ts';

export interface HostRecord {
  readonly environment: HostEnvironment;
  /** Whether launchers there can watch their output instead of passing stdin on. Undefined: to be tried once more. */
  readonly outputWatch: boolean | undefined;
}

/** PATH and its like; no secret is among them. */
const STORED = z.object({
  format: z.literal(3),
  system: z.string(),
  shell: z.string(),
  asked: z.string(),
  variables: z.record(z.string(), z.string()),
  outputWatch: z.boolean().optional(),
});

export class Machine {
  readonly #memory: Memory<z.infer<typeof STORED>>;
  readonly #login: readonly string[];
  #key: readonly string[] = [];
  #record: HostRecord | undefined;
  #outputWatch = false;
  /** In an earlier run of this program. */
  #wasAsked = false;
  #asking: { readonly done: Promise<void>; readonly finish: () => void } | undefined;

  /** @param login what makes its environment besides the machine itself: host entry, user */
  constructor({ cacheDir, log }: Pick<LinkDeps, 'cacheDir' | 'log'>, login: readonly string[]) {
    this.#login = login;
    this.#memory = new Memory(join(cacheDir, 'machines'), STORED, (error) => {
      log.warn({ login, error }, 'what was learned of the machine could not be kept');
    });
  }

  get environment(): HostEnvironment | undefined {
    return this.#record?.environment;
  }

  /** The machine of a new connection; knowledge of another machine is dropped. */
  identify(identity: string): void {
    if (this.#key[0] === identity) return;
    // By the host key: another machine behind the same name is another machine.
    this.#key = [identity, ...this.#login];
    const stored = this.#memory.recall(this.#key);
    const record = stored === undefined ? undefined : recordOf(stored);
    this.#outputWatch = record?.outputWatch === true;
    this.#wasAsked = record !== undefined;
    // A machine that was too busy for the trial is tried once more.
    this.#record = record?.outputWatch === undefined ? undefined : record;
  }

  /** Undefined for the one caller that has to send the probe, and must call `learn` in every case. */
  async known(signal: AbortSignal): Promise<HostRecord | undefined> {
    for (;;) {
      if (this.#record !== undefined) return this.#record;
      if (this.#asking === undefined) {
        this.#asking = asking();
        return undefined;
      }
      await orAbort(this.#asking.done, signal);
    }
  }

  /** The preamble of a launch: an answered probe is kept, and waiting callers go on. */
  learn(preamble: Preamble | undefined): void {
    this.#outputWatch ||= preamble?.outputWatch === true;
    const found = preamble?.environment;
    // An empty answer does not replace an earlier one.
    if (found !== undefined && (found.asked !== '' || this.#record === undefined)) this.#keep(found);
    this.#asking?.finish();
    this.#asking = undefined;
  }

  /** A command was missing: the next launch sends the probe again. */
  forget(): void {
    this.#record = undefined;
    this.#memory.forget(this.#key);
  }

  #keep(environment: HostEnvironment): void {
    const unseen = this.#wasAsked ? false : undefined;
    this.#record = { environment, outputWatch: this.#outputWatch || unseen };
    if (environment.asked !== '') this.#memory.remember(this.#key, storedOf(this.#record));
  }
}

function storedOf({ environment: { variables, ...machine }, outputWatch }: HostRecord): z.infer<typeof STORED> {
  return { format: 3, ...machine, variables: Object.fromEntries(variables), outputWatch };
}

function recordOf({ variables, outputWatch, system, shell, asked }: z.infer<typeof STORED>): HostRecord {
  return { environment: { system, shell, asked, variables: new Map(Object.entries(variables)) }, outputWatch };
}

function asking(): { readonly done: Promise<void>; readonly finish: () => void } {
  let finish: () => void = () => undefined;
  const done = new Promise<void>((resolve) => {
    finish = resolve;
  });
  return { done, finish };
}
