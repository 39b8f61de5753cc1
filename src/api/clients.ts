/** What `install` and `uninstall` do to the file of an AI client. */
import * as z from 'zod';
import { type Data, errorReport } from './events.ts';

const text = z.string();

export const clientChange = z.object({
  client: text,
  title: text,
  file: text,
  /** The name of the entry. */
  entry: text,
  /** keep: the entry is there already, as it should be. none: there is nothing to remove or to restore. */
  action: z.enum(['add', 'update', 'replace', 'remove', 'restore', 'keep', 'none', 'failed']),
  /** The client's own command that makes the change; absent where the file is edited. */
  command: z.array(text).exactOptional(),
  /** Program and arguments that the client is to start. */
  starts: z.array(text).exactOptional(),
  /** What an entry of another program, which is replaced, holds: the command, the number of arguments, names of variables. */
  replaces: text.exactOptional(),
  /** Variables of the hosts file that the client passes on by reference. */
  variables: z.array(text),
  /** Variables of the hosts file for which the client knows no references. Their values are never written. */
  leftOut: z.array(text),
  /** The file as it was before. */
  backup: text.exactOptional(),
  /** What makes the client see the change. */
  reload: text.exactOptional(),
  cause: z.exactOptional(errorReport),
});

export type ClientChange = Data<typeof clientChange>;
