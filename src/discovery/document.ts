/** An AI client's file as text: reads the entries, and writes or removes one. Everything else of the text stays as it is. */
import { TextDecoder } from 'node:util';
import { AnywhereError } from '../base/errors.ts';
import { isRecord } from '../base/record.ts';
import { valueAt } from '../config/problem.ts';
import type { AiClient } from './clients.ts';
import type { Entry, Raw } from './entry.ts';
import { isSame, type Path, type TextFormat, withValueAt } from './format.ts';
import { type Found, SHAPES, type Shape } from './shapes.ts';

/** Larger files are no settings. */
export const MAX_BYTES = 32 * 1024 * 1024;

export function checkSize(bytes: number): void {
  if (bytes <= MAX_BYTES) return;
  throw new AnywhereError('CLIENT_CONFIG', `larger than ${Math.round(MAX_BYTES / 1024 / 1024)} MiB`);
}

const BOM = '\uFEFF';

export interface FoundEntry extends Found {
  readonly entry: Entry;
}

/** The text of a file. Throws CLIENT_CONFIG for what is not UTF-8, and would be damaged by writing it again. */
export function decoded(bytes: Uint8Array): string {
  checkSize(bytes.length);
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    if (!text.includes('\0')) return text;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
  throw new AnywhereError('CLIENT_CONFIG', 'not UTF-8', { hint: 'save the file as UTF-8 in an editor, and try again' });
}

export function readEntries(client: Pick<AiClient, 'shape'>, text: string): readonly FoundEntry[] {
  return entriesIn(client, parsed(SHAPES[client.shape].format, withoutBom(text)));
}

/** More text takes a parser long, unless it is plain JSON. */
const MAX_SLOW_CHARACTERS = 1024 * 1024;

/** Everything that a file of the client says. Throws CLIENT_CONFIG. */
export function readWhole({ shape }: Pick<AiClient, 'shape'>, text: string): unknown {
  const { format } = SHAPES[shape];
  const bare = withoutBom(text);
  if (bare.length <= MAX_SLOW_CHARACTERS) return parsed(format, bare);
  try {
    return JSON.parse(bare);
  } catch {
    throw new AnywhereError('CLIENT_CONFIG', 'larger than 1 MiB, and not plain JSON');
  }
}

/** @param most entries that are read */
export function entriesIn(
  { shape: name }: Pick<AiClient, 'shape'>,
  whole: unknown,
  most = Number.POSITIVE_INFINITY,
): readonly FoundEntry[] {
  const shape: Shape = SHAPES[name];
  const found = shape.find(whole);
  return (found.length > most ? found.slice(0, most) : found).map((found) => ({
    ...found,
    entry: shape.dialect.read(found.name, found.raw),
  }));
}

export function readRaw({ shape }: Pick<AiClient, 'shape'>, name: string, raw: Raw): Entry {
  return SHAPES[shape].dialect.read(name, raw);
}

/** The program that a client is to start, and the variables that it needs. */
export interface Program {
  readonly command: string;
  readonly args: readonly string[];
  readonly variables: readonly string[];
}

/** False where the client would need the values of variables, which are never written. */
export function canRefer({ reference, inherits }: AiClient): boolean {
  return reference !== undefined || inherits !== undefined;
}

/** The members of an entry for a program. Those of an existing entry that say other things stay. */
export function rawEntry(client: AiClient, name: string, program: Program, before: Raw = {}): Raw {
  const shape: Shape = SHAPES[client.shape];
  const { command, args, variables } = program;
  const { reference, inherits } = client;
  const refer = (variable: string): string => (reference ?? '').replace('NAME', () => variable);
  const env = reference === undefined ? {} : Object.fromEntries(variables.map((one) => [one, refer(one)]));
  const passed = inherits === undefined || variables.length === 0 ? {} : { [inherits]: variables };
  const ours = { ...shape.dialect.write(name, { command, args, env }), ...passed };
  const merged = Object.entries(ours).map(([key, value]) => {
    const old = before[key];
    return [key, isRecord(value) && isRecord(old) ? { ...old, ...value } : value] as const;
  });
  return { ...before, ...Object.fromEntries(merged) };
}

/** The text with the entry; undefined removes the entry. An absent file is undefined. */
export function withEntry(
  client: Pick<AiClient, 'shape' | 'fresh'>,
  text: string | undefined,
  name: string,
  raw: Raw | undefined,
): string {
  const shape: Shape = SHAPES[client.shape];
  const whole = text ?? client.fresh ?? '';
  const bom = whole.startsWith(BOM) ? BOM : '';
  const bare = whole.slice(bom.length);
  const before = parsed(shape.format, bare);
  const path = shape.find(before).find((found) => found.name === name)?.path;
  if (path === undefined && raw === undefined) return whole;
  return bom + edited(shape.format, bare, path ?? shape.placeFor(before, name), raw);
}

/** Nothing is written that does not hold exactly what it held before, and the change. */
function edited(format: TextFormat, text: string, path: Path, raw: Raw | undefined): string {
  const before = parsed(format, text);
  if (isSame(valueAt(before, path), raw)) return text;
  checkContainers(before, path);
  const expected = withValueAt(before, path, raw);
  try {
    for (const candidate of format.edits(text, path, raw)) {
      if (holds(format, candidate, expected)) return candidate;
    }
  } catch (error) {
    // A library that cannot make the change; its error may quote the file.
    if (error instanceof AnywhereError) throw error;
  }
  throw new AnywhereError('CLIENT_CONFIG', `no place for \`${path.join('.')}\` was found`, {
    hint: 'make the place for it in the file by hand, and run the command again',
  });
}

/** What stands on the way to an entry is never replaced. */
function checkContainers(whole: unknown, path: Path): void {
  for (const [depth, key] of path.entries()) {
    const container = valueAt(whole, path.slice(0, depth));
    if (container === undefined || container === null) return;
    const fits = typeof key === 'number' ? Array.isArray(container) : isRecord(container);
    if (fits) continue;
    const what = depth === 0 ? 'the file holds' : `\`${path.slice(0, depth).join('.')}\` is`;
    throw new AnywhereError('CLIENT_CONFIG', `${what} no ${typeof key === 'number' ? 'list' : 'object'}`);
  }
}

function holds(format: TextFormat, text: string, expected: unknown): boolean {
  try {
    return isSame(parsed(format, text), expected);
  } catch {
    return false;
  }
}

function parsed(format: TextFormat, text: string): unknown {
  try {
    return format.parse(text);
  } catch (error) {
    if (error instanceof AnywhereError) throw error;
    // A parser that is recursive ends this way. A ReferenceError is about aliases of YAML.
    throw new AnywhereError('CLIENT_CONFIG', error instanceof RangeError ? 'nested too deeply' : 'not readable');
  }
}

function withoutBom(text: string): string {
  return text.startsWith(BOM) ? text.slice(1) : text;
}
