/** What `init --json` prints. */
import * as z from 'zod';
import { clientChange } from './clients.ts';
import { type Data, errorReport } from './events.ts';

const text = z.string();

const initHost = z.object({
  /** In the hosts file. */
  name: text,
  /** As it was given, where it is not the name. */
  ssh: text.exactOptional(),
  /** failed: it cannot be used now, and was left out. */
  state: z.enum(['ready', 'failed']),
  /** `uname -sm`. */
  system: text.exactOptional(),
  /** Of node, npx, uv, uvx, git and docker, those that are installed, with the version where it is known. */
  programs: z.record(text, text).exactOptional(),
  /** The servers that AI clients on the host name. `whyNot`: why one cannot be started. */
  seen: z.array(z.object({ name: text, clients: z.array(text), whyNot: text.exactOptional() })),
  /** The host gets `discover: true`. */
  discover: z.boolean(),
  cause: z.exactOptional(errorReport),
});

const initServer = z.object({
  host: text,
  server: text,
  /** failed: it did not start, and was left out. */
  state: z.enum(['started', 'failed']),
  tools: z.int().min(0).exactOptional(),
  durationMs: z.number(),
  cause: z.exactOptional(errorReport),
});

export const initReport = z.object({
  dryRun: z.boolean(),
  file: text,
  /** False with --dry-run, and where the file says so already. */
  written: z.boolean(),
  /** True for a file that was not there before. */
  created: z.boolean(),
  /** Unified; values that look like secrets are hidden. Empty where nothing changes. */
  diff: text,
  hosts: z.array(initHost),
  servers: z.array(initServer),
  notes: z.array(text),
  /** With --install. */
  clients: z.array(clientChange).exactOptional(),
});
export type InitReport = Data<typeof initReport>;
