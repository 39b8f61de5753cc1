/** What changes in an AI client's file, from texts alone: nothing here reads or writes a disk. */
import { createHash } from 'node:crypto';
import type { ClientChange } from '../api/clients.ts';
import type { FoundFile } from '../config/find.ts';
import type { AiClient } from '../discovery/clients.ts';
import {
  canRefer,
  type FoundEntry,
  type Program,
  rawEntry,
  readEntries,
  readRaw,
  withEntry,
} from '../discovery/document.ts';
import type { Entry, Raw } from '../discovery/entry.ts';
import { isSame } from '../discovery/format.ts';

/** Of an entry that `install` makes: every client shows it, and a tool's name in a client begins with it. */
export const ENTRY_NAME = 'anywhere';

/** This program, as an AI client is to start it. */
export interface Ourselves extends Program {
  /** Absolute path of bin.js. */
  readonly script: string;
  /** Absolute path of the hosts file that the entry names. */
  readonly config: string | undefined;
  /** The hosts file as this command finds it. */
  readonly hostsFile: FoundFile | undefined;
}

/** A file of a client, and the file as it was before the last change. */
export interface Texts {
  readonly file: string;
  readonly text: string | undefined;
  readonly backup: string | undefined;
}

export interface Change {
  readonly client: AiClient;
  readonly file: string;
  readonly action: Exclude<ClientChange['action'], 'failed'>;
  readonly name: string;
  readonly before: Raw | undefined;
  readonly after: Raw | undefined;
  /** The text to write; undefined: the file held nothing else, and goes. */
  readonly text: string | undefined;
  /** The file as it was before us is restored as a whole, and the backup is not needed any longer. */
  readonly isWhole: boolean;
}

export type Intent = 'install' | 'uninstall' | 'undo';

export function planned(intent: Intent, client: AiClient, texts: Texts, us: Ourselves): Change {
  if (intent === 'install') return installed(client, texts, us);
  const { file, text, backup } = texts;
  const here = nameHere(client, text, us);
  const name = here ?? nameHere(client, backup, us) ?? ENTRY_NAME;
  const before = entryNamed(client, text, name)?.raw;
  const earlier = entryNamed(client, backup, name);
  // `uninstall` brings back what another program had there, and never an older entry of ours.
  const after = intent === 'undo' || !holdsUs(earlier, us) ? earlier?.raw : undefined;
  const base = { client, file, name, before, after };
  const isNothing = intent === 'uninstall' ? here === undefined : !canUndo(client, texts, name);
  if (isNothing) return { ...base, after: before, action: 'none', text, isWhole: false };
  const action = intent === 'undo' || after !== undefined ? 'restore' : 'remove';
  const isWhole = isSame(after, earlier?.raw) && isBefore(client, texts, name, before);
  return { ...base, action, text: isWhole ? backup : withEntry(client, text, name, after), isWhole };
}

function holdsUs(found: FoundEntry | undefined, us: Ourselves): boolean {
  return found !== undefined && isOurs(found.entry, us);
}

function installed(client: AiClient, { file, text }: Texts, us: Ourselves): Change {
  const name = nameHere(client, text, us) ?? ENTRY_NAME;
  const found = entryNamed(client, text, name);
  const before = found?.raw;
  const isForeign = found !== undefined && !holdsUs(found, us);
  const variables = canRefer(client) ? us.variables : [];
  const after = rawEntry(client, name, { ...us, variables }, isForeign ? {} : before);
  const written = withEntry(client, text, name, after);
  const base = { client, file, name, before, after, text: written, isWhole: false };
  if (written === text) return { ...base, action: 'keep' };
  if (isForeign) return { ...base, action: 'replace' };
  return { ...base, action: found === undefined ? 'add' : 'update' };
}

/** The file is the backup with our entry, and nothing else has changed since. */
export function isBefore(client: AiClient, { text, backup }: Texts, name: string, raw: Raw | undefined): boolean {
  if (text === undefined) return false;
  try {
    return withEntry(client, backup, name, raw) === text;
  } catch {
    return false;
  }
}

function canUndo(client: AiClient, texts: Texts, name: string): boolean {
  const raw = entryNamed(client, texts.text, name)?.raw;
  return texts.backup !== undefined || (raw !== undefined && isBefore(client, texts, name, raw));
}

/** The name of our entry, found by what the entry starts: `anywhere`, or a name that a person gave. */
function nameHere(client: AiClient, text: string | undefined, us: Ourselves): string | undefined {
  const ours = readEntries(client, text ?? '').filter(({ entry }) => isOurs(entry, us));
  const named = ours.find(({ name }) => name === ENTRY_NAME);
  return (named ?? ours.find(({ entry }) => configOf(entry.args) === us.config))?.name;
}

function entryNamed(client: AiClient, text: string | undefined, name: string): FoundEntry | undefined {
  return readEntries(client, text ?? '').find((found) => found.name === name);
}

/** Whether the entry starts this program: this installation, another one, or one that is gone. */
export function isOurs({ name, command = '', args }: Entry, { script }: Pick<Ourselves, 'script'>): boolean {
  const [program, first = ''] = [command, args.find((word) => !word.startsWith('-'))].map((word) =>
    word?.replaceAll('\\', '/'),
  );
  if (program === undefined) return false;
  if (first === script.replaceAll('\\', '/')) return true;
  if (/(^|\/)mcp-anywhere(\.cmd|\.exe)?$/.test(program)) return true;
  if (/^mcp-anywhere(@[^/]*)?$|\/mcp-anywhere\/dist\/bin\.js$|\/bin\/mcp-anywhere$/.test(first)) return true;
  return name === ENTRY_NAME && first.endsWith('/dist/bin.js');
}

/** The hosts file that an entry names. */
export function configOf(args: readonly string[]): string | undefined {
  const at = args.indexOf('--config');
  return at === -1 ? undefined : args[at + 1];
}

/** Differs when the file, the entry or the change is another one than a person has seen. */
export function tokenOf({ client, file, action, before, after }: Change): string {
  const all = [client.id, file, action, before ?? null, after ?? null];
  // Large integers of TOML.
  const text = JSON.stringify(all, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
  return createHash('sha256').update(text).digest('hex');
}

/** For people: names and numbers, never values. */
export function describeRaw(client: AiClient, name: string, raw: Raw): string {
  const { command, args, env, url } = readRaw(client, name, raw);
  const what = url === undefined ? (command ?? 'no command') : 'a URL';
  const names = Object.keys(env);
  const variables = names.length === 0 ? '' : `, sets ${names.join(', ')}`;
  return `${what}, ${args.length} ${args.length === 1 ? 'argument' : 'arguments'}${variables}`;
}
