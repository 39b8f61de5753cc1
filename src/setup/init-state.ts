/** What a person has chosen in an `init` that did not come to its end. Names only, in a file of the user's own. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { writeAtomic } from '../base/atomic-write.ts';
import { readSmallFile } from '../base/small-file.ts';

const names = z.array(z.string()).readonly();

const choices = z.object({
  /** Of the hosts file that the choices are for. */
  file: z.string(),
  /** As given to ssh. */
  hosts: names.exactOptional(),
  /** Hosts whose own AI clients count. */
  discover: names.exactOptional(),
  /** As host/server. */
  servers: names.exactOptional(),
  /** The hosts file is written. */
  isWritten: z.literal(true).exactOptional(),
});

export type Choices = Readonly<z.infer<typeof choices>>;

export interface ChoiceStore {
  /** Undefined where there is nothing to go on with. */
  read(): Promise<Choices | undefined>;
  keep(chosen: Choices): Promise<void>;
  forget(): Promise<void>;
}

export function choiceStore(stateDir: string): ChoiceStore {
  const path = join(stateDir, 'init.json');
  return {
    read: async () => {
      try {
        return choices.parse(JSON.parse(await readSmallFile(path)));
      } catch {
        // Missing, or not ours: the questions are asked anew.
        return undefined;
      }
    },
    keep: (chosen) => writeAtomic(path, JSON.stringify(chosen)),
    forget: () => rm(path, { force: true }),
  };
}
