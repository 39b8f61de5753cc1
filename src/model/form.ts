/** A form for the arguments of one tool, and the arguments typed into it. */

import type { ToolEntry } from '../api/control.ts';
import { choiceText, type Parameter, parametersOf, readArgument } from './arguments.ts';
import { emptyLine, type Line, lineOf } from './line-edit.ts';

export interface Field extends Parameter {
  /** The schema's type beside null: `string`, `array`, …; `any` where the schema names none or several. */
  readonly type: string;
  /** Where there is one, Space goes through the choices and back to none, and the line cannot be edited. */
  readonly choices: readonly unknown[] | undefined;
  readonly line: Line;
}

export interface Form {
  readonly tool: string;
  readonly description: string;
  readonly fields: readonly Field[];
  /** The field under the cursor; as many as there are fields: the button. */
  readonly at: number;
  readonly mistakes: Readonly<Record<string, string>>;
}

export function formOf(tool: ToolEntry): Form {
  const { name, description = '', definition } = tool;
  const fields = parametersOf(definition).named.map(fieldOf);
  return { tool: name, description, fields, at: 0, mistakes: {} };
}

function fieldOf(parameter: Parameter): Field {
  const types = [...parameter.types].filter((type) => type !== 'null');
  const type = types.length === 1 ? String(types[0]) : 'any';
  const choices = parameter.choices ?? (type === 'boolean' ? [true, false] : undefined);
  const line = parameter.preset === undefined ? emptyLine : lineOf(textOf(parameter, parameter.preset));
  return { ...parameter, type, choices, line };
}

/** The text that reads as the value. */
function textOf(parameter: Parameter, value: unknown): string {
  const text = choiceText(value);
  const reading = readArgument(parameter, [text]);
  return reading.ok && (typeof value !== 'string' || reading.value === value) ? text : JSON.stringify(value);
}

/** The next choice, or none again behind the last. */
export function nextChoice(field: Field, step: 1 | -1): Field {
  const texts = ['', ...(field.choices ?? []).map(choiceText)];
  const at = Math.max(0, texts.indexOf(field.line.text));
  return { ...field, line: lineOf(texts[(at + step + texts.length) % texts.length] ?? '') };
}

export type Filled =
  | { readonly ok: true; readonly args: Readonly<Record<string, unknown>> }
  | { readonly ok: false; readonly mistakes: Readonly<Record<string, string>> };

/** An empty field is left out. Only a required string may be empty. */
export function filled({ fields }: Form): Filled {
  const values = new Map<string, unknown>();
  const mistakes = new Map<string, string>();
  for (const field of fields) {
    const { name, required, line, type, choices } = field;
    if (line.text === '' && !(required && type === 'string' && choices === undefined)) {
      if (required) mistakes.set(name, 'required');
      continue;
    }
    const reading = readArgument(field, [line.text]);
    if (reading.ok) values.set(name, reading.value);
    else mistakes.set(name, `expected ${reading.expected}`);
  }
  // Not assigned one by one: an argument called __proto__ must stay an argument.
  if (mistakes.size > 0) return { ok: false, mistakes: Object.fromEntries(mistakes) };
  return { ok: true, args: Object.fromEntries(values) };
}
