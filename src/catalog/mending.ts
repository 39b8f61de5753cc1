/**
 * Mends a definition that clients would reject, without a change of its meaning: every other byte stays. An outputSchema
 * that cannot be mended is removed.
 */
import { isRecord } from '../base/record.ts';
import { memberOf, type Span, skipValue, valueAt, walkElements, walkMembers } from '../protocol/json-scan.ts';
import type { Collection } from '../protocol/methods.ts';
import { type Edit, joinPieces, splice } from '../protocol/splice.ts';
import { nullMember } from './definition-check.ts';
import { insertMember, removeMember } from './definition-edits.ts';
import { inputProblem, outputProblem } from './tool-check.ts';

/** A definition with more faults than this is given up. */
const MAX_STEPS = 100;

export interface Mended {
  readonly bytes: Buffer;
  /** What was mended and why. */
  readonly notes: readonly string[];
}

interface Step {
  readonly edits: readonly Edit[];
  readonly note: string;
}

/** The definition, mended as far as possible. */
export function mend(collection: Collection, definition: Buffer): Mended {
  let bytes = definition;
  const notes: string[] = [];
  for (let count = 0; count < MAX_STEPS; count += 1) {
    const step = (collection.name === 'tools' ? toolStep(bytes) : undefined) ?? nullStep(collection, bytes);
    if (step === undefined) break;
    bytes = joinPieces(splice(bytes, step.edits));
    notes.push(step.note);
  }
  return { bytes, notes };
}

function toolStep(bytes: Buffer): Step | undefined {
  const whole = wholeOf(bytes);
  const input = memberOf(bytes, whole, 'inputSchema');
  const problem = inputProblem(input && valueAt(bytes, input));
  if (problem !== undefined) {
    const edits =
      input === undefined ? [insertMember(bytes, whole, '"inputSchema":{"type":"object"}')] : schemaEdits(bytes, input);
    if (edits.length > 0) return { edits, note: `mended: ${problem}` };
  }
  return outputStep(bytes, whole);
}

function outputStep(bytes: Buffer, whole: Span): Step | undefined {
  const found = removeMember(bytes, whole, 'outputSchema');
  const problem = found && outputProblem(valueAt(bytes, found.value));
  if (found === undefined || problem === undefined) return undefined;
  const named = idStep(bytes, found.value);
  if (named !== undefined) return named;
  const edits = schemaEdits(bytes, found.value);
  const mended = joinPieces(splice(bytes, edits));
  const schema = memberOf(mended, wholeOf(mended), 'outputSchema');
  if (edits.length > 0 && schema !== undefined && outputProblem(valueAt(mended, schema)) === undefined)
    return { edits, note: `mended: ${problem}` };
  return { edits: [found.edit], note: `offered without its outputSchema: ${problem}` };
}

/** All references of an accepted schema begin with `#`: they mean the same without the `$id`. */
function idStep(bytes: Buffer, schema: Span): Step | undefined {
  const id = isRecord(valueAt(bytes, schema)) ? removeMember(bytes, schema, '$id') : undefined;
  return id && { edits: [id.edit], note: "mended: its outputSchema has an $id, which may be another tool's too" };
}

/** Removes optional members that are null: many servers write null for an absent member. */
function nullStep(collection: Collection, bytes: Buffer): Step | undefined {
  const path = nullMember(collection.name, valueAt(bytes, wholeOf(bytes)));
  const key = path?.at(-1);
  const parent = path && spanAt(bytes, path.slice(0, -1));
  if (typeof key !== 'string' || parent === undefined) return undefined;
  const found = removeMember(bytes, parent, key);
  return found && { edits: [found.edit], note: `mended: its ${path?.join('.') ?? key} is null` };
}

/** Edits towards `{ type: "object", properties?: { [key]: object }, required?: string[] }`; empty for a hopeless schema. */
function schemaEdits(bytes: Buffer, span: Span): readonly Edit[] {
  const schema = valueAt(bytes, span);
  if (schema === false) return [{ span, text: '{"type":"object","not":{}}' }];
  if (schema === null || schema === true || isEmptyList(schema)) return [{ span, text: '{"type":"object"}' }];
  if (!isRecord(schema)) return [];
  return [
    ...typeEdits(bytes, span, schema['type']),
    ...emptyEdits(bytes, memberOf(bytes, span, 'properties'), '{}'),
    ...emptyEdits(bytes, memberOf(bytes, span, 'required'), '[]'),
    ...booleanEdits(bytes, memberOf(bytes, span, 'properties')),
  ];
}

/** Arguments and structured results are always objects. */
function typeEdits(bytes: Buffer, schema: Span, type: unknown): readonly Edit[] {
  const span = memberOf(bytes, schema, 'type');
  if (span === undefined) return [insertMember(bytes, schema, '"type":"object"')];
  return Array.isArray(type) && type.includes('object') ? [{ span, text: '"object"' }] : [];
}

/** `null`, and the `[]` that PHP writes for an empty object. */
function emptyEdits(bytes: Buffer, span: Span | undefined, text: '{}' | '[]'): readonly Edit[] {
  const value = span === undefined ? undefined : valueAt(bytes, span);
  return span !== undefined && (value === null || (text === '{}' && isEmptyList(value))) ? [{ span, text }] : [];
}

/** JSON Schema: `true` is `{}` and `false` is `{"not":{}}`. */
function booleanEdits(bytes: Buffer, properties: Span | undefined): readonly Edit[] {
  const edits: Edit[] = [];
  if (properties === undefined) return edits;
  walkMembers(bytes, properties.start, {
    member: (_keyAt, start) => {
      const span = { start, end: skipValue(bytes, start) };
      const value = span.end - start > 5 ? undefined : valueAt(bytes, span);
      if (typeof value === 'boolean') edits.push({ span, text: value ? '{}' : '{"not":{}}' });
      return span.end;
    },
  });
  return edits;
}

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

function wholeOf(bytes: Buffer): Span {
  return { start: 0, end: bytes.length };
}

function spanAt(bytes: Buffer, path: readonly PropertyKey[]): Span | undefined {
  let at: Span | undefined = wholeOf(bytes);
  for (const key of path) {
    if (at === undefined) return undefined;
    at = typeof key === 'number' ? elementOf(bytes, at, key) : memberOf(bytes, at, String(key));
  }
  return at;
}

function elementOf(bytes: Buffer, array: Span, index: number): Span | undefined {
  const spans: Span[] = [];
  walkElements(bytes, array.start, (span) => spans.push(span));
  return spans[index];
}
