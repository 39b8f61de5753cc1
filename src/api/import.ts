/** What `import` prints with `--json`. */
import * as z from 'zod';
import { hostsFileEdit } from './hosts-file.ts';

const text = z.string();

export const importResult = hostsFileEdit.extend({
  imported: z.array(
    z.object({
      /** Like `here/files`. */
      target: text,
      /** Ids of the clients that name the server. */
      clients: z.array(text),
      file: text,
      isEnabled: z.boolean(),
      /** Names of the stored secrets that the entry refers to. */
      secrets: z.array(text),
      /** Other users of this machine can see a value of the command line. */
      showsSecrets: z.boolean(),
    }),
  ),
  skipped: z.array(z.object({ name: text, client: text, file: text, why: text })),
  /** Files that could not be read. */
  problems: z.array(z.object({ client: text, file: text, problem: text })),
  /** Where new secrets were stored; absent where there were none. */
  where: z.enum(['keychain', 'file']).exactOptional(),
});
