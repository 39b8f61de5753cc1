/** What the commands about stored secrets print with `--json`: names and places, never values. */
import * as z from 'zod';
import { hostsFileEdit } from './hosts-file.ts';

const text = z.string();
const where = z.enum(['keychain', 'file']);
/** Where the hosts file uses the secret, like `gpu1/files: TOKEN`. */
const usedBy = z.array(text);

export const secretList = z.object({
  /** missing: the hosts file names the secret, and none is stored. */
  secrets: z.array(z.object({ name: text, where: z.enum([...where.options, 'missing']), usedBy })),
});

export const secretStored = z.object({ name: text, where, usedBy });
export const secretRemoved = z.object({ name: text, usedBy });

/** `support-bundle` */
export const supportBundle = z.object({ file: text, files: z.array(z.object({ name: text, bytes: z.number() })) });

/** `secret move` */
export const secretsMoved = hostsFileEdit.extend({
  moved: z.array(z.object({ name: text, places: z.array(text) })),
  /** Where the secrets are now; absent where none was moved. */
  where: where.exactOptional(),
  /** Secrets that stay in the file. */
  left: z.array(z.object({ place: text, why: text })),
});
