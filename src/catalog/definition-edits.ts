/** Edits that put a member into an object of a definition or a call, or take one out; every other byte stays. */
import {
  keyIs,
  memberAt,
  memberOf,
  type Span,
  skipSpace,
  skipValue,
  textAt,
  walkMembers,
} from '../protocol/json-scan.ts';
import type { Edit } from '../protocol/splice.ts';

const CLOSE_BRACE = 0x7d;

/** Puts it before the members that the object has. @param member `"key":value` */
export function insertMember(bytes: Buffer, object: Span, member: string): Edit {
  const at = object.start + 1;
  const isEmpty = bytes[skipSpace(bytes, at)] === CLOSE_BRACE;
  return { span: { start: at, end: at }, text: isEmpty ? member : `${member},` };
}

/** Where a member's value stands, and the edit that takes the member out with one of its commas. */
export interface Removal {
  readonly value: Span;
  readonly edit: Edit;
}

/** The last member of this name, as `JSON.parse` reads it; undefined where there is none. */
export function removeMember(bytes: Buffer, object: Span, key: string): Removal | undefined {
  const members: (Span & { readonly keyAt: number })[] = [];
  walkMembers(bytes, object.start, {
    member: (keyAt, start) => {
      const end = skipValue(bytes, start);
      members.push({ keyAt, start, end });
      return end;
    },
  });
  const index = members.findLastIndex(({ keyAt }) => keyIs(bytes, keyAt, key));
  const [before, value, after] = [members[index - 1], members[index], members[index + 1]];
  if (value === undefined) return undefined;
  // With the comma behind it, or else with the one before it.
  const span =
    after === undefined
      ? { start: before?.end ?? value.keyAt, end: value.end }
      : { start: value.keyAt, end: after.keyAt };
  return { value, edit: { span, text: '' } };
}

/**
 * @param name becomes the title of a definition that has none
 * @param place `host/server`, or a pool
 */
export function titleEdits(definition: Buffer, name: string, place: string): readonly Edit[] {
  const whole = { start: 0, end: definition.length };
  const suffix = ` · ${place}`;
  const ofAnnotations = filled(definition, memberAt(definition, whole, ['annotations', 'title']));
  const written = memberOf(definition, whole, 'title');
  const title = filled(definition, written);
  const edits = [title, ofAnnotations].flatMap((span) => (span === undefined ? [] : [beforeQuote(span, suffix)]));
  if (title !== undefined) return edits;
  const shown = ofAnnotations === undefined ? name : (textAt(definition, ofAnnotations) ?? name);
  const text = JSON.stringify(shown + suffix);
  return [
    ...edits,
    written === undefined ? insertMember(definition, whole, `"title":${text}`) : { span: written, text },
  ];
}

/** Only where it is a text with something in it. */
function filled(bytes: Buffer, span: Span | undefined): Span | undefined {
  return span === undefined || (textAt(bytes, span) ?? '') === '' ? undefined : span;
}

function beforeQuote({ end }: Span, text: string): Edit {
  return { span: { start: end - 1, end: end - 1 }, text };
}

export const PIN_ARGUMENT = 'run_on';

/** The edit that adds it to a tool's definition; undefined where the tool has an argument of that name itself. */
export function pinEdit(definition: Buffer, hosts: readonly string[]): Edit | undefined {
  const whole = { start: 0, end: definition.length };
  const property = { type: 'string', enum: hosts, description: 'The host that runs it. Left out: chosen by load.' };
  const text = `${JSON.stringify(PIN_ARGUMENT)}:${JSON.stringify(property)}`;
  const properties = memberAt(definition, whole, ['inputSchema', 'properties']);
  if (properties !== undefined)
    return memberOf(definition, properties, PIN_ARGUMENT) === undefined
      ? insertMember(definition, properties, text)
      : undefined;
  const schema = memberOf(definition, whole, 'inputSchema');
  return schema === undefined ? undefined : insertMember(definition, schema, `"properties":{${text}}`);
}

/** What a call says of it, and the edit that takes it out. */
export interface Pin {
  /** Undefined where it is no text, or an empty one: then nothing is chosen. */
  readonly host: string | undefined;
  readonly edit: Edit;
}

/** @param args the arguments of a call; undefined where they do not have it */
export function pinOf(bytes: Buffer, args: Span): Pin | undefined {
  const found = removeMember(bytes, args, PIN_ARGUMENT);
  if (found === undefined) return undefined;
  const host = textAt(bytes, found.value);
  return { host: host === '' ? undefined : host, edit: found.edit };
}
