/** A form for one tool's arguments, made from its inputSchema (JSON Schema 2020-12), and the arguments typed into it. */

import type { ToolEntry } from '../api/control.ts';
import { isRecord } from '../base/record.ts';
import { emptyLine, type Line, lineOf } from './line-edit.ts';

type FieldKind = 'text' | 'number' | 'integer' | 'choice' | 'json';

export interface Field {
  readonly name: string;
  readonly kind: FieldKind;
  /** What the schema calls it: `string`, `array`, … */
  readonly type: string;
  readonly required: boolean;
  readonly description: string;
  /** Of a choice, as JSON values; Space goes through them, and back to none. */
  readonly choices: readonly unknown[];
  readonly line: Line;
}

export interface Form {
  readonly tool: string;
  readonly host: string;
  readonly server: string;
  readonly description: string;
  readonly fields: readonly Field[];
  /** The field under the cursor; as many as there are fields: the button. */
  readonly at: number;
  readonly mistakes: Readonly<Record<string, string>>;
}

type Schema = Readonly<Record<string, unknown>>;

export function formOf(tool: ToolEntry): Form {
  const root = inputSchemaOf(tool.definition);
  const properties = isRecord(root['properties']) ? root['properties'] : {};
  const required = new Set(Array.isArray(root['required']) ? root['required'] : []);
  const fields = Object.entries(properties).map(([name, schema]) =>
    fieldOf(name, resolved(schema, root), required.has(name)),
  );
  const { name, host, server, description = '' } = tool;
  return { tool: name, host, server, description, fields, at: 0, mistakes: {} };
}

function inputSchemaOf(definition: unknown): Schema {
  const schema = isRecord(definition) ? definition['inputSchema'] : undefined;
  return isRecord(schema) ? schema : {};
}

function fieldOf(name: string, schema: Schema, required: boolean): Field {
  const type = typeOf(schema);
  const choices = Array.isArray(schema['enum']) ? schema['enum'] : type === 'boolean' ? [true, false] : [];
  const description = typeof schema['description'] === 'string' ? schema['description'] : '';
  const kind = choices.length > 0 ? 'choice' : kindOf(type);
  const preset = schema['default'];
  const line = preset === undefined ? emptyLine : lineOf(asText(preset, kind));
  return { name, kind, type, required, description, choices, line };
}

/** The one type beside null; `any` where there are several. */
function typeOf(schema: Schema): string {
  const { type } = schema as { type?: unknown };
  const types = (Array.isArray(type) ? type : [type]).filter((each) => typeof each === 'string' && each !== 'null');
  return types.length === 1 ? String(types[0]) : 'any';
}

function kindOf(type: string): FieldKind {
  if (type === 'string') return 'text';
  return type === 'number' || type === 'integer' ? type : 'json';
}

/** A reference within the tool's own schema; others are not followed. */
function resolved(schema: unknown, root: Schema): Schema {
  let current = isRecord(schema) ? schema : {};
  for (let hops = 0; hops < 16; hops += 1) {
    const reference = current['$ref'];
    if (typeof reference !== 'string' || !reference.startsWith('#/')) return current;
    const target = reference
      .slice(2)
      .split('/')
      .reduce<unknown>(
        (at, step) => (isRecord(at) ? at[step.replaceAll('~1', '/').replaceAll('~0', '~')] : undefined),
        root,
      );
    current = isRecord(target) ? target : {};
  }
  return {};
}

function asText(value: unknown, kind: FieldKind): string {
  return typeof value === 'string' && kind !== 'json' ? value : JSON.stringify(value);
}

/** The next choice, or none again behind the last. */
export function nextChoice(field: Field, step: 1 | -1): Field {
  const texts = ['', ...field.choices.map((choice) => asText(choice, field.kind))];
  const at = Math.max(0, texts.indexOf(field.line.text));
  return { ...field, line: lineOf(texts[(at + step + texts.length) % texts.length] ?? '') };
}

export type Filled =
  | { readonly ok: true; readonly args: Readonly<Record<string, unknown>> }
  | { readonly ok: false; readonly mistakes: Readonly<Record<string, string>> };

/** What is left empty is left out, unless the tool requires it. */
export function filled({ fields }: Form): Filled {
  const values = new Map<string, unknown>();
  const mistakes = new Map<string, string>();
  for (const field of fields) {
    const { name, required, line, kind } = field;
    if (line.text === '' && !(required && kind === 'text')) {
      if (required) mistakes.set(name, 'required');
      continue;
    }
    const value = READERS[kind](line.text, field);
    if (value === undefined) mistakes.set(name, `expected ${expected(field)}`);
    else values.set(name, value);
  }
  // Not assigned one by one: an argument called __proto__ must stay one.
  if (mistakes.size > 0) return { ok: false, mistakes: Object.fromEntries(mistakes) };
  return { ok: true, args: Object.fromEntries(values) };
}

function expected({ kind, type }: Field): string {
  if (kind === 'choice') return 'one of its choices';
  return kind === 'json' && type === 'any' ? 'JSON' : `${type}${kind === 'json' ? ' as JSON' : ''}`;
}

/** Undefined: the text is no such value. */
const READERS: Readonly<Record<FieldKind, (text: string, field: Field) => unknown>> = {
  text: (text) => text,
  integer: (text) => (/^-?\d+$/.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : undefined),
  number: (text) => (text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : undefined),
  choice: (text, field) => field.choices.find((choice) => asText(choice, field.kind) === text),
  json: (text, { type }) => {
    const value = parsed(text);
    if (type === 'any') return value ?? (text === 'null' ? null : text);
    if (type === 'array') return Array.isArray(value) ? value : undefined;
    return isRecord(value) ? value : undefined;
  },
};

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
