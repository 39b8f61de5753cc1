/** `import`: shows what the AI clients of this machine would bring into the hosts file, asks, and writes it. */
import type { Printed } from '../api/printed.ts';
import { counted } from '../base/counted.ts';
import { AnywhereError, EXIT, type ExitCode } from '../base/errors.ts';
import { oneLine } from '../base/harmless.ts';
import { nearMiss } from '../config/near-miss.ts';
import { formatKey } from '../config/problem.ts';
import type { SecretStore } from '../config/secret-store.ts';
import { type OpenHostsFile, openForEdit, prepareEdit, saveEdit } from '../setup/hosts-file.ts';
import { type ImportPlan, importPlan } from '../setup/import.ts';
import { foundHere, IMPORT_NAMES } from '../setup/local-look.ts';
import { openStore } from '../setup/secrets.ts';
import { confirmed } from './ask.ts';
import { type CliContext, isInteractive } from './context.ts';
import { editPlace } from './hosts-edit.ts';
import { warnOfFiles, whereText } from './secret.ts';
import { stored } from './secret-move.ts';

export interface ImportOptions {
  readonly projects: readonly string[];
  readonly yes: boolean;
  readonly dryRun: boolean;
}

type Result = Omit<Printed['import'], 'schemaVersion'>;

export async function runImport(
  context: CliContext,
  clients: readonly string[],
  { projects, yes, dryRun }: ImportOptions,
): Promise<ExitCode> {
  const { io, globals, out } = context;
  for (const client of clients) checkClient(client);
  const place = editPlace(context);
  const { servers, problems } = await foundHere(io, clients, projects);
  const open = await openForEdit(place, { creates: true });
  const store = openStore(place, io.signal);
  const plan = await importPlan(open, servers, io.homeDir, (name) => store.get(name));
  const prepared = plan.changes.length === 0 ? undefined : prepareEdit(open, plan.changes, io.homeDir);
  const fresh = await freshSecrets(plan, store);
  if (!globals.json) {
    out.write(prepared?.diff ?? '');
    out.note(leftText(plan, problems));
  }
  if (fresh.length > 0) await warnOfFiles(context, store);
  const result = resultOf(open, plan, prepared?.diff ?? '', problems);
  if (prepared === undefined || dryRun) report(context, result, store);
  else {
    await requireConsent(context, plan, { fresh, store, yes });
    const where = await stored(store, fresh, () => saveEdit(open, prepared, place));
    const created = open.existing === undefined;
    const notes = notesOf(plan);
    report(context, { ...result, written: true, created, notes, ...(fresh.length === 0 ? {} : { where }) }, store);
  }
  return problems.length === 0 ? EXIT.ok : plan.imported.length > 0 ? EXIT.partly : EXIT.config;
}

/** Before anything is written. */
function resultOf(open: OpenHostsFile, plan: ImportPlan, diff: string, problems: Result['problems']): Result {
  return {
    file: open.file,
    written: false,
    created: false,
    keys: plan.changes.map(({ path }) => formatKey(path)),
    diff,
    secrets: [],
    notes: [],
    imported: plan.imported.map((one) => ({ ...one, clients: [...one.clients], secrets: [...one.secrets] })),
    skipped: [...plan.skipped],
    problems: [...problems],
  };
}

function checkClient(client: string): void {
  if (IMPORT_NAMES.includes(client)) return;
  const near = nearMiss(client, IMPORT_NAMES);
  throw new AnywhereError(
    'USAGE',
    `MCP-Anywhere knows no AI client ${client}.${near === undefined ? '' : ` Did you mean ${near}?`}`,
    {
      evidence: [`clients: ${IMPORT_NAMES.join(', ')}`],
    },
  );
}

/** Those that are not stored yet. */
async function freshSecrets({ secrets }: ImportPlan, store: SecretStore): Promise<ImportPlan['secrets']> {
  const known = await Promise.all(secrets.map(({ name }) => store.get(name)));
  return secrets.filter(({ value }, index) => known[index] !== value);
}

interface Consent {
  readonly fresh: ImportPlan['secrets'];
  readonly store: SecretStore;
  readonly yes: boolean;
}

async function requireConsent(context: CliContext, plan: ImportPlan, { fresh, store, yes }: Consent): Promise<void> {
  const isKept = fresh.length === 0 || (await store.hasKeychain());
  if (yes && isKept) return;
  const names = fresh.map(({ name }) => name).join(', ');
  if (yes)
    throw new AnywhereError('SECRET_STORE', `Nothing was written: there is no keychain for the secrets (${names}).`, {
      hint: 'run mcp-anywhere import in a terminal, where it asks whether files are good enough; or store each with mcp-anywhere secret set <name>, and run this command again',
    });
  const count = counted(plan.imported.length, 'server');
  if (!isInteractive(context.io))
    throw new AnywhereError('USAGE', `There is no terminal to ask whether to add ${count} to the hosts file.`, {
      evidence: plan.imported.map(({ target, clients }) => `${target} (${clients.join(', ')})`),
      hint: 'add --yes, or look at the changes with --dry-run',
    });
  const secrets = fresh.length === 0 ? '' : `, and store ${names} in ${isKept ? 'the keychain' : 'files'}`;
  if (await confirmed(context, `Add ${count}${secrets}?`)) return;
  throw new AnywhereError('INTERRUPTED', 'Nothing was written.');
}

function notesOf({ imported }: ImportPlan): string[] {
  const shown = imported.filter(({ showsSecrets }) => showsSecrets).map(({ target }) => target);
  return [
    ...(shown.length === 0
      ? []
      : [`other users of this machine can see values in the command line of ${shown.join(', ')}, as before`]),
    ...(imported.length === 0
      ? []
      : ['the clients keep starting these servers themselves until you remove them there']),
  ];
}

function leftText({ skipped }: ImportPlan, problems: Result['problems']): string {
  const lines = [
    ...skipped.map(({ name, client, why }) => `not imported: ${name} of ${client} (${why})`),
    ...problems.map(({ file, problem }) => `cannot be read: ${file} (${problem})`),
  ];
  return lines.map((line) => `${oneLine(line)}\n`).join('');
}

function report({ globals, out }: CliContext, result: Result, store: SecretStore): void {
  if (globals.json) {
    out.json<'import'>(result);
    return;
  }
  const { imported, file, written, where, notes } = result;
  if (imported.length === 0) {
    out.note('The AI clients on this machine name no server that the hosts file lacks.\n');
    return;
  }
  if (!written) {
    out.note(`${oneLine(`Nothing was written to ${file} (--dry-run).`)}\n`);
    return;
  }
  for (const note of notes) out.note(`${oneLine(`note: ${note}`)}\n`);
  const kept = where === undefined ? '' : ` Their secrets are in ${whereText(where, store)}.`;
  const [host = ''] = imported[0]?.target.split('/') ?? [];
  out.note(
    `${oneLine(`Added ${counted(imported.length, 'server')} to ${file}.${kept}`)}\nNext: mcp-anywhere tools ${host}\n`,
  );
}
