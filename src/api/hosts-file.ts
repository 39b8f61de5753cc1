/** What the commands that edit the hosts file print with `--json`. */
import * as z from 'zod';
import type { Data } from './events.ts';

const text = z.string();

export const hostsFileEdit = z.object({
  file: text,
  /** False with --dry-run, and where the file says so already. */
  written: z.boolean(),
  /** True for a file that was not there before. */
  created: z.boolean(),
  /** Keys that the command added, changed or removed, like `hosts.gpu1.servers.files`. */
  keys: z.array(text),
  /** Unified; values that look like secrets are hidden. Empty where nothing changes. */
  diff: text,
  /** Names of variables and arguments with a literal value that looks like a secret, like `gpu1/files: TOKEN`. */
  secrets: z.array(text),
  notes: z.array(text),
});
export type HostsFileEdit = Data<typeof hostsFileEdit>;
