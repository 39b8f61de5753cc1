/** `secret set|ls|rm`. Values come from a hidden question or from stdin, and are never printed. */
import type { Printed } from '../api/printed.ts';
import { AnywhereError, EXIT, type ExitCode } from '../base/errors.ts';
import { oneLine } from '../base/harmless.ts';
import { MAX_VALUE_BYTES } from '../config/fields.ts';
import { nearMiss } from '../config/near-miss.ts';
import type { SecretPlace, SecretStore } from '../config/secret-store.ts';
import { SECRET_NAME, SECRET_NAME_RULE } from '../config/template.ts';
import { hostsFileIfAny, openStore, usesOf } from '../setup/secrets.ts';
import { askSecret, confirmed, readAll } from './ask.ts';
import { type CliContext, isInteractive } from './context.ts';
import { editPlace } from './hosts-edit.ts';
import { table } from './style.ts';

/** @param more words behind the name, which may be the secret */
export async function runSecretSet(context: CliContext, name: string, more: readonly string[]): Promise<ExitCode> {
  const { globals, out } = context;
  if (more.length > 0) throw onCommandLine(name);
  checkName(name);
  const store = openStore(editPlace(context), context.io.signal);
  await warnOfFiles(context, store);
  const value = await valueFor(context, name);
  const where = await store.set(name, value);
  const usedBy = (await usesIn(context)).get(name) ?? [];
  if (globals.json) out.json<'secret set'>({ name, where, usedBy: [...usedBy] });
  else {
    out.note(`Stored ${name} in ${whereText(where, store)}.\n`);
    const use = `Use it in the hosts file: env: { TOKEN: "\${keychain:${name}}" }`;
    out.note(usedBy.length === 0 ? `${use}\n` : `Used by ${usedBy.join(', ')}. ${RELOAD}\n`);
  }
  return EXIT.ok;
}

const RELOAD = 'Running servers get the new value with: mcp-anywhere reload';

function onCommandLine(name: string): AnywhereError {
  return new AnywhereError(
    'USAGE',
    'A secret on the command line can be seen in process lists and in the history of the shell.',
    {
      hint: `mcp-anywhere secret set ${SECRET_NAME.test(name) ? name : '<name>'}, and type the value when asked. Replace the secret where it was issued if others use this machine`,
    },
  );
}

function checkName(name: string): void {
  if (SECRET_NAME.test(name)) return;
  throw new AnywhereError(
    'USAGE',
    `${JSON.stringify(name)} is not a valid name for a secret. Expected: ${SECRET_NAME_RULE}.`,
    {
      hint: 'choose another name',
    },
  );
}

/** Before the question: a person may not want to store the secret in a file. */
export async function warnOfFiles({ out, style }: CliContext, store: SecretStore): Promise<void> {
  if (await store.hasKeychain()) return;
  const text = `No keychain was found, so secrets are kept in plain text in ${store.folder}, which only you can read.`;
  out.note(`${style.warn('!')} ${oneLine(text)}\n`);
}

export function whereText(where: SecretPlace, { folder }: SecretStore): string {
  return where === 'keychain' ? 'the keychain' : oneLine(`a file in ${folder}`);
}

async function valueFor(context: CliContext, name: string): Promise<string> {
  const { stdin } = context.io;
  if (stdin.isTTY && !isInteractive(context.io))
    throw new AnywhereError('USAGE', 'The value cannot be asked for, because stderr is not a terminal.', {
      hint: `pass the value through stdin: pass show … | mcp-anywhere secret set ${name}`,
    });
  const asked = stdin.isTTY
    ? await askSecret(context, `Value of ${name}`)
    : (await readAll(stdin, MAX_VALUE_BYTES + 2, 'A secret can have at most 128 KiB.')).replace(/(?:\r?\n)+$/, '');
  context.io.signal.throwIfAborted();
  if (asked === undefined) throw new AnywhereError('INTERRUPTED', 'Nothing was stored.');
  if (asked === '')
    throw new AnywhereError('USAGE', 'The value is empty, so nothing was stored.', {
      hint: `mcp-anywhere secret rm ${name}`,
    });
  if (asked.includes('\0'))
    throw new AnywhereError('USAGE', 'The value holds a NUL character, which no variable can hold.');
  return asked;
}

/** Where the hosts file uses secrets; empty where it cannot say. */
async function usesIn(context: CliContext): Promise<ReadonlyMap<string, readonly string[]>> {
  const open = await hostsFileIfAny(editPlace(context)).catch(() => undefined);
  return open?.plan === undefined ? new Map() : usesOf(open.plan);
}

export async function runSecretList(context: CliContext): Promise<ExitCode> {
  const { globals, out, style } = context;
  const [stored, uses] = await Promise.all([openStore(editPlace(context), context.io.signal).list(), usesIn(context)]);
  const names = [...new Set([...stored.keys(), ...uses.keys()])].sort();
  const secrets: Printed['secret ls']['secrets'] = names.map((name) => ({
    name,
    where: stored.get(name) ?? 'missing',
    usedBy: [...(uses.get(name) ?? [])],
  }));
  if (globals.json) out.json<'secret ls'>({ secrets });
  else if (secrets.length === 0) out.write('No secret is stored. To store one: mcp-anywhere secret set <name>\n');
  else
    out.write(
      table(
        secrets.map(({ name, where, usedBy }) => [
          style.bold(oneLine(name)),
          where === 'missing' ? style.bad(where) : where,
          usedBy.length === 0 ? style.dim('not used') : usedBy.join(', '),
        ]),
      ),
    );
  return EXIT.ok;
}

export async function runSecretRemove(context: CliContext, name: string, yes: boolean): Promise<ExitCode> {
  const store = openStore(editPlace(context), context.io.signal);
  const stored = await store.list();
  if (!stored.has(name)) throw unknownSecret(name, [...stored.keys()]);
  const usedBy = (await usesIn(context)).get(name) ?? [];
  if (usedBy.length > 0 && !yes) await ask(context, name, usedBy);
  await store.remove(name);
  if (context.globals.json) context.out.json<'secret rm'>({ name, usedBy: [...usedBy] });
  else
    context.out.note(
      `Removed ${name}.${usedBy.length === 0 ? '' : ` Without it these do not start: ${usedBy.join(', ')}`}\n`,
    );
  return EXIT.ok;
}

async function ask(context: CliContext, name: string, usedBy: readonly string[]): Promise<void> {
  const places = usedBy.join(', ');
  if (!isInteractive(context.io))
    throw new AnywhereError('USAGE', `Nothing was removed: the hosts file uses ${name} (${places}).`, {
      hint: `mcp-anywhere secret rm ${name} --yes`,
    });
  if (await confirmed(context, `The hosts file uses ${name} (${places}). Remove it?`)) return;
  throw new AnywhereError('INTERRUPTED', 'Nothing was removed.');
}

function unknownSecret(name: string, known: readonly string[]): AnywhereError {
  const near = nearMiss(name, known);
  const meant = near === undefined ? '' : ` Did you mean ${near}?`;
  return new AnywhereError('USAGE', `No secret ${JSON.stringify(name)} is stored.${meant}`, {
    hint: 'mcp-anywhere secret ls',
  });
}
