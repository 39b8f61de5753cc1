/** `secret move`: plain-text secrets leave the hosts file, and references to stored ones take their places. */
import type { Printed } from '../api/printed.ts';
import { AnywhereError, EXIT, type ExitCode } from '../base/errors.ts';
import { oneLine } from '../base/harmless.ts';
import { formatKey } from '../config/problem.ts';
import type { SecretPlace, SecretStore } from '../config/secret-store.ts';
import { openForEdit, preparedText, saveEdit, textBefore } from '../setup/hosts-file.ts';
import { type MovedSecret, movedSecrets, referenceTo, secretPlace } from '../setup/move-secrets.ts';
import { openStore } from '../setup/secrets.ts';
import { confirmed } from './ask.ts';
import { type CliContext, isInteractive } from './context.ts';
import { type EditOptions, editPlace } from './hosts-edit.ts';
import { warnOfFiles, whereText } from './secret.ts';

export async function runSecretMove(context: CliContext, { dryRun, yes }: EditOptions): Promise<ExitCode> {
  const { globals, out, io } = context;
  const place = editPlace(context);
  const open = await openForEdit(place, { creates: false });
  const store = openStore(place, io.signal);
  const { text, moved, left } = await movedSecrets(textBefore(open), (name) => store.get(name));
  const prepared = preparedText(open, text, io.homeDir);
  const written = moved.length > 0 && !dryRun;
  if (!globals.json) out.write(prepared.diff);
  if (moved.length > 0) await warnOfFiles(context, store);
  if (written && !yes) await ask(context, moved);
  const where = written ? await stored(store, moved, () => saveEdit(open, prepared, place)) : undefined;
  report(context, store, {
    file: open.file,
    written,
    created: false,
    keys: moved.flatMap(({ paths }) => paths.map(formatKey)),
    diff: prepared.diff,
    secrets: left.map(({ place: name }) => name),
    notes: written ? [OLD_COPIES] : [],
    moved: moved.map(({ name, paths }) => ({ name, places: paths.map(secretPlace) })),
    ...(where === undefined ? {} : { where }),
    left: [...left],
  });
  return EXIT.ok;
}

const OLD_COPIES =
  'the values stood in plain text, and may still be in backups and version control: replace them where they were issued if others can read those';

/** Stores the secrets, and then writes the file. Where the write fails, no new secret stays behind. */
export async function stored(
  store: SecretStore,
  moved: readonly Pick<MovedSecret, 'name' | 'value'>[],
  write: () => Promise<unknown>,
): Promise<SecretPlace> {
  const added: string[] = [];
  let where: SecretPlace = 'keychain';
  try {
    for (const { name, value } of moved) {
      if ((await store.get(name)) === undefined) added.push(name);
      where = await store.set(name, value);
    }
    await write();
    return where;
  } catch (error) {
    for (const name of added) await store.remove(name).catch(() => false);
    throw error;
  }
}

async function ask(context: CliContext, moved: readonly MovedSecret[]): Promise<void> {
  const names = moved.map(({ name }) => name).join(', ');
  if (!isInteractive(context.io))
    throw new AnywhereError('USAGE', 'There is no terminal to ask whether to move the secrets.', {
      evidence: moved.map(({ name, paths }) => `${paths.map(secretPlace).join(', ')} → ${referenceTo(name)}`),
      hint: 'add --yes, or look at the changes with --dry-run',
    });
  if (await confirmed(context, `Store ${names}, and write the references into the file?`)) return;
  throw new AnywhereError('INTERRUPTED', 'Nothing was changed.');
}

function report(
  { globals, out }: CliContext,
  store: SecretStore,
  result: Omit<Printed['secret move'], 'schemaVersion'>,
): void {
  if (globals.json) {
    out.json<'secret move'>(result);
    return;
  }
  const { file, moved, where, left, notes } = result;
  for (const { place, why } of left) out.note(`${oneLine(`left: ${place} (${why})`)}\n`);
  for (const note of notes) out.note(`${oneLine(`note: ${note}`)}\n`);
  if (moved.length === 0) out.note(`${oneLine(`${file} holds no plain-text secret that can be moved.`)}\n`);
  else if (where === undefined) out.note(`${oneLine(`Nothing was written to ${file} (--dry-run).`)}\n`);
  else
    out.note(
      `${oneLine(`Moved ${moved.map(({ name }) => name).join(', ')} into ${whereText(where, store)}, and wrote ${file}.`)}\n`,
    );
}
