/** How a tool is called, in words: its signature and its arguments, by its inputSchema. */
import { isRecord } from '../base/record.ts';
import { choiceText, type Parameter, parametersOf } from './arguments.ts';

/** A longer list of choices is told by its length. */
const MOST_CHOICES = 4;

/** As `(path, [head: int, tail: int])`: required arguments, then the others in brackets. A text needs no type. */
export function signatureOf(definition: unknown): string {
  const { named } = parametersOf(definition);
  const required = named.filter((parameter) => parameter.required).map(shortForm);
  const optional = named.filter((parameter) => !parameter.required).map(shortForm);
  return `(${[...required, ...(optional.length === 0 ? [] : [`[${optional.join(', ')}]`])].join(', ')})`;
}

function shortForm(parameter: Parameter): string {
  const type = typeText(parameter);
  return type === 'text' ? parameter.name : `${parameter.name}: ${type}`;
}

/** As `int`, `text`, `list of number` or `asc|desc`; `any` where the schema says nothing. */
export function typeText(parameter: Parameter): string {
  const { types, choices, items } = parameter;
  if (choices !== undefined)
    return choices.length > MOST_CHOICES
      ? `one of ${String(choices.length)}`
      : choices.map((choice) => choiceText(choice)).join('|');
  const names = [...types].filter((type) => type !== 'null').map((type) => TYPE_WORDS[type] ?? type);
  if (names.length === 0) return 'any';
  const inner = [...items.types].map((type) => TYPE_WORDS[type] ?? type);
  return names.map((name) => (name === 'list' && inner.length === 1 ? `list of ${inner[0] ?? ''}` : name)).join('|');
}

const TYPE_WORDS: Readonly<Record<string, string>> = {
  string: 'text',
  integer: 'int',
  number: 'number',
  boolean: 'bool',
  array: 'list',
  object: 'object',
};

/** A value that fits the argument, as one types it: the default, the first choice, or a word for its type. */
export function sampleOf(parameter: Parameter): string {
  const { preset, choices, types, items } = parameter;
  if (preset !== undefined) return choiceText(preset);
  if (choices !== undefined) return choiceText(choices[0]);
  if (types.has('integer') || types.has('number')) return '1';
  if (types.has('boolean')) return 'true';
  if (types.has('array')) return items.types.has('object') ? '[{}]' : '…';
  return types.has('object') ? '{}' : '…';
}

/** The first sentence of a text, on one line. */
export function firstSentence(text: string): string {
  const line = text.trim().replaceAll(/\s+/g, ' ');
  return /^.*?[.!?](?=\s|$)/.exec(line)?.[0] ?? line;
}

/** What the server says of the tool's effects (MCP 2025-11-25, ToolAnnotations), as words: hints, not promises. */
export function annotationWords(definition: unknown): readonly string[] {
  const annotations = isRecord(definition) && isRecord(definition['annotations']) ? definition['annotations'] : {};
  const says = (hint: string, yes: string, no?: string): string[] => {
    if (annotations[hint] === true) return [yes];
    return annotations[hint] === false && no !== undefined ? [no] : [];
  };
  return [
    ...says('readOnlyHint', 'reads only'),
    ...says('destructiveHint', 'may destroy data', 'destroys nothing'),
    ...says('idempotentHint', 'a second call changes nothing more'),
    ...says('openWorldHint', 'reaches other systems', 'stays on its machine'),
  ];
}
