/** Servers out of a JSON snippet, as READMEs and the files of AI clients have them. */
import { parse } from 'yaml';
import { AnywhereError } from '../base/errors.ts';
import { isRecord } from '../base/record.ts';
import { MEMBERS, memberOf } from '../discovery/entry.ts';
import { SHAPES } from '../discovery/shapes.ts';
import { shellWords } from './shell-words.ts';

/** A server that somebody wants to add; without a name where the source has none. */
export interface WantedServer {
  readonly name: string | undefined;
  readonly entry: Readonly<Record<string, unknown>>;
  readonly notes: readonly string[];
}

const KNOWN: readonly string[] = [...Object.values(MEMBERS).flat(), 'args', 'enabled'];
/** Say nothing that the program needs. */
const SILENT = ['type', 'transport', 'name', 'disabled', 'description', '$schema', 'gallery'];

export function serversInJson(text: string): WantedServer[] {
  const value = parsed(text);
  const servers = listIn(value);
  if (servers === undefined) return [wanted(typeof value['name'] === 'string' ? value['name'] : undefined, value)];
  const found = Object.entries(servers).map(([name, entry]) => wanted(name, entry));
  if (found.length === 0) throw new AnywhereError('USAGE', 'The JSON names no server.');
  return found;
}

/** JSON with comments and trailing commas. A fragment of a file may lack its outer braces. */
function parsed(text: string): Record<string, unknown> {
  const bare = text
    .replaceAll(/("(?:\\[^]|[^"\\])*")|\/\/[^\n]*|\/\*[^]*?\*\//g, '$1')
    .trim()
    .replace(/,$/, '');
  const lenient = (candidate: string): unknown =>
    parse(candidate, { maxAliasCount: 0, prettyErrors: false, logLevel: 'error' });
  for (const read of [() => JSON.parse(bare) as unknown, () => lenient(bare), () => lenient(`{${bare}}`)]) {
    try {
      const value = read();
      if (isRecord(value)) return value;
    } catch {
      // The text may be a secret: nothing of the parser's words is shown.
    }
  }
  throw new AnywhereError('USAGE', 'The text is not the JSON of an MCP server.', {
    hint: 'paste the whole block, from { to }, in single quotes, or pipe the block in: mcp-anywhere server add - --host <host>',
  });
}

function listIn(value: Record<string, unknown>): Record<string, unknown> | undefined {
  if (isEntry(value)) return undefined;
  for (const { key } of Object.values(SHAPES)) {
    const list = value[key];
    // VS Code's settings hold `mcp: { servers: … }`. A server can have such a name too.
    if (isRecord(list) && !isEntry(list)) return listIn(list) ?? list;
  }
  return Object.values(value).some(isRecord) ? value : undefined;
}

function isEntry(value: Record<string, unknown>): boolean {
  return memberOf(value, 'command') !== undefined || memberOf(value, 'url') !== undefined;
}

function wanted(name: string | undefined, all: unknown): WantedServer {
  if (!isRecord(all)) throw new AnywhereError('USAGE', `${name ?? 'The entry'} is no entry of an MCP server.`);
  if (memberOf(all, 'url') !== undefined) throw httpLater(name);
  const [command, args] = programOf(name, all);
  const dropped = Object.keys(all).filter((key) => ![...KNOWN, ...SILENT].includes(key));
  const [variables, cwd] = [memberOf(all, 'env'), memberOf(all, 'cwd')];
  const env = isRecord(variables) ? referencesIn(name, variables) : undefined;
  const isOff = all['disabled'] === true || all['enabled'] === false;
  return {
    name,
    entry: {
      command,
      ...(args.length === 0 ? {} : { args }),
      ...(env === undefined || Object.keys(env).length === 0 ? {} : { env }),
      ...(typeof cwd === 'string' ? { cwd } : {}),
      ...(isOff ? { enabled: false } : {}),
    },
    notes: dropped.length === 0 ? [] : [`left out of ${name ?? 'the entry'}: ${dropped.join(', ')}`],
  };
}

/** Some clients have one list, some one text with arguments in it. */
function programOf(name: string | undefined, entry: Record<string, unknown>): readonly [string, readonly string[]] {
  const list = (value: unknown): string[] =>
    Array.isArray(value) ? value.map((word) => textOf(word, `an argument of ${name ?? 'the entry'}`)) : [];
  const { args } = entry;
  const command = memberOf(entry, 'command');
  const words = Array.isArray(command) ? list(command) : typeof command === 'string' ? [command] : [];
  const isLine = words.length === 1 && args === undefined && /\s/.test(words[0] ?? '');
  const [program, ...rest] = isLine ? shellWords(words[0] ?? '') : words;
  if (program === undefined || program === '')
    throw new AnywhereError('USAGE', `${name ?? 'The entry'} has no command.`, {
      hint: 'an entry of an MCP server has at least { "command": "…" }',
    });
  return [program, [...rest, ...list(args)]];
}

/** Values as text; `${NAME}` of other clients is `${env:NAME}` here. */
function referencesIn(server: string | undefined, env: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).map(([name, value]) => [
      name,
      textOf(value, `the variable ${name} of ${server ?? 'the entry'}`).replaceAll(
        /(?<!\$)\$\{([A-Za-z_]\w*)(:-[^}]*)?\}/g,
        '${env:$1$2}',
      ),
    ]),
  );
}

/** Numbers and truth values are meant as text; anything else is a mistake in the JSON. */
function textOf(value: unknown, what: string): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new AnywhereError('USAGE', `In the JSON, ${what} is ${value === null ? 'null' : 'not a text'}.`, {
    hint: 'put the value into double quotes',
  });
}

export function httpLater(name: string | undefined): AnywhereError {
  return new AnywhereError('USAGE', `${name ?? 'This'} is an HTTP server. HTTP servers come later.`, {
    hint: 'add a server that is started by a command',
  });
}
