/** The arguments of `call`: from `--arg`, from files, and from the person at the terminal. */
import { isUtf8 } from 'node:buffer';
import { createReadStream } from 'node:fs';
import { resolve } from 'node:path';
import type { ToolEntry } from '../api/control.ts';
import { errnoText } from '../base/errno.ts';
import { AnywhereError } from '../base/errors.ts';
import { isRecord } from '../base/record.ts';
import { shellWord } from '../base/shell-word.ts';
import { nearMiss } from '../config/near-miss.ts';
import { type Parameter, type Parameters, parametersOf, readArgument } from '../model/arguments.ts';
import { askArgument, readAll, readBytes } from './ask.ts';
import { type CliContext, isInteractive } from './context.ts';

/** A message holds at most 256 MiB (`limits.maxMessageBytes`), and base64 adds a third. */
const MOST_FILE_BYTES = 64 * 1024 * 1024;
const TOO_LARGE = 'is larger than 64 MiB';

/** Of `call` for one tool. */
type Pair = readonly [name: string, text: string];

/** The pairs as the tool's arguments; a required one that is missing is asked for at a terminal. */
export async function argumentsFor(
  context: CliContext,
  { name: tool, definition }: Pick<ToolEntry, 'name' | 'definition'>,
  pairs: readonly string[],
): Promise<Record<string, unknown>> {
  const parameters = parametersOf(definition);
  const { groups } = grouped(pairs);
  const given = await Promise.all(
    [...groups].flatMap(([name, texts]) => texts.map((text) => fromFile(context, parameters.find(name), [name, text]))),
  );
  const asked: Pair[] = [];
  if (isInteractive(context.io) && !context.globals.json)
    for (const parameter of parameters.named.filter(({ name, required }) => required && !groups.has(name)))
      asked.push([parameter.name, await askArgument(context, parameter)]);
  return typedArguments(
    [...given, ...asked].map(([name, text]) => `${name}=${text}`),
    definition,
    tool,
  );
}

/** `@path` is the content of a file, `@-` is stdin, and `@@` begins a text that begins with `@`. */
async function fromFile(context: CliContext, parameter: Parameter | undefined, [name, text]: Pair): Promise<Pair> {
  if (!text.startsWith('@')) return [name, text];
  if (text.startsWith('@@')) return [name, text.slice(1)];
  const path = text.slice(1);
  const bytes =
    path === '-'
      ? await readBytes(context.io.stdin, MOST_FILE_BYTES, `stdin ${TOO_LARGE}`)
      : await fileBytes(context, name, path);
  if (parameter?.isBase64 === true) return [name, bytes.toString('base64')];
  if (!isUtf8(bytes))
    throw unusable(name, `${path} is not UTF-8 text, and the schema of the argument does not say base64`);
  const content = bytes.toString('utf8');
  // The newline at the end of a file is part of a text, and of no number.
  return [name, parameter === undefined || parameter.types.has('string') ? content : content.trim()];
}

async function fileBytes({ io }: CliContext, name: string, path: string): Promise<Buffer> {
  try {
    return await readBytes(createReadStream(resolve(io.cwd, path)), MOST_FILE_BYTES, `${path} ${TOO_LARGE}`);
  } catch (error) {
    throw unusable(
      name,
      error instanceof AnywhereError ? error.message : `${path} cannot be read: ${errnoText(error)}`,
    );
  }
}

function unusable(name: string, why: string): AnywhereError {
  return new AnywhereError('USAGE', `--arg ${name}: ${why}.`, {
    hint: `for a text that begins with @, write --arg ${name}=@@…`,
  });
}

/** `--arg key=value` as the tool's arguments. Every mistake is reported at once, as USAGE. */
export function typedArguments(pairs: readonly string[], definition: unknown, tool: string): Record<string, unknown> {
  const parameters = parametersOf(definition);
  const { groups, mistakes } = grouped(pairs);
  const values = new Map<string, unknown>();
  for (const [name, texts] of groups) {
    const parameter = parameters.find(name);
    if (parameter === undefined) {
      mistakes.push(`${name}: ${noSuchArgument(name, parameters)}`);
      continue;
    }
    const reading = readArgument(parameter, texts);
    if (reading.ok) values.set(name, reading.value);
    else mistakes.push(`${name}: expected ${reading.expected}, got ${JSON.stringify(reading.got)}`);
  }
  const missing = parameters.named.filter(({ name, required }) => required && !groups.has(name));
  mistakes.push(...missing.map(({ name }) => `${name}: required, but not given`));
  if (mistakes.length > 0)
    throw new AnywhereError('USAGE', `The arguments do not fit ${tool}.`, {
      evidence: mistakes,
      hint: `mcp-anywhere call ${shellWord(tool)} --help`,
    });
  // Not assigned one by one: an argument called __proto__ must stay an argument.
  return Object.fromEntries(values);
}

function noSuchArgument(name: string, { named }: Parameters): string {
  const known = named.map((parameter) => parameter.name);
  if (known.length === 0) return 'the tool takes no arguments';
  const near = nearMiss(name, known);
  return `the tool has no such argument; ${near === undefined ? `it takes ${known.join(', ')}` : `did you mean ${near}?`}`;
}

/** Throws USAGE unless every text is `key=value`; this needs no schema. */
export function assertPairs(pairs: readonly string[], tool: string): void {
  const { mistakes } = grouped(pairs);
  if (mistakes.length > 0)
    throw new AnywhereError('USAGE', 'An --arg must have the form key=value.', {
      tool,
      evidence: mistakes,
      hint: `mcp-anywhere call ${shellWord(tool)} --help`,
    });
}

function grouped(pairs: readonly string[]): { groups: ReadonlyMap<string, readonly string[]>; mistakes: string[] } {
  const groups = new Map<string, string[]>();
  const mistakes: string[] = [];
  for (const pair of pairs) {
    const cut = pair.indexOf('=');
    if (cut < 1) {
      mistakes.push(`--arg ${pair}: expected key=value`);
      continue;
    }
    const key = pair.slice(0, cut);
    groups.set(key, [...(groups.get(key) ?? []), pair.slice(cut + 1)]);
  }
  return { groups, mistakes };
}

/** @param given an object, or `-` for stdin */
export async function jsonArgumentsFrom({ io }: CliContext, given: string): Promise<Record<string, unknown>> {
  return jsonArguments(given === '-' ? await readAll(io.stdin, MOST_FILE_BYTES, `stdin ${TOO_LARGE}.`) : given);
}

/** The text of `--json-args`. */
export function jsonArguments(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (isRecord(value)) return value;
  throw new AnywhereError('USAGE', '--json-args needs one JSON object.', { hint: `--json-args '{"key": "value"}'` });
}
