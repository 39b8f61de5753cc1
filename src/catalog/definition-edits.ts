/** Edits of definitions and calls: members to insert or remove, titles, and the argument that chooses a pool's host. */
import { CLOSE_BRACE } from '../base/ascii.ts';
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

/** Inserts a member before the others. @param member `"key":value` */
export function insertMember(bytes: Buffer, object: Span, member: string): Edit {
  const at = object.start + 1;
  const isEmpty = bytes[skipSpace(bytes, at)] === CLOSE_BRACE;
  return { span: { start: at, end: at }, text: isEmpty ? member : `${member},` };
}

/** A member's value, and the edit that removes the member with one comma. */
export interface Removal {
  readonly value: Span;
  readonly edit: Edit;
}

/** Removes the last member of this name, which `JSON.parse` would read; undefined where there is none. */
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
  // With the comma after the member, or for the last member with the comma before.
  const span =
    after === undefined
      ? { start: before?.end ?? value.keyAt, end: value.end }
      : { start: value.keyAt, end: after.keyAt };
  return { value, edit: { span, text: '' } };
}

/**
 * A title that tells where the tool runs: `Create Directory · gpu1/files`. Clients show the title, not the name, when
 * they ask for consent, and several servers can have equal titles.
 * @param name becomes the title of a definition without one
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

/** The span of a string that is not empty. */
function filled(bytes: Buffer, span: Span | undefined): Span | undefined {
  return span === undefined || (textAt(bytes, span) ?? '') === '' ? undefined : span;
}

function beforeQuote({ end }: Span, text: string): Edit {
  return { span: { start: end - 1, end: end - 1 }, text };
}

export const PIN_ARGUMENT = 'run_on';

/** The edit that adds the argument to a tool's definition; undefined where the tool has an argument of that name. */
export function pinEdit(definition: Buffer, hosts: readonly string[]): Edit | undefined {
  const whole = { start: 0, end: definition.length };
  const property = {
    type: 'string',
    enum: hosts,
    description: 'The host that runs this tool. Left out: chosen by load.',
  };
  const text = `${JSON.stringify(PIN_ARGUMENT)}:${JSON.stringify(property)}`;
  const properties = memberAt(definition, whole, ['inputSchema', 'properties']);
  if (properties !== undefined)
    return memberOf(definition, properties, PIN_ARGUMENT) === undefined
      ? insertMember(definition, properties, text)
      : undefined;
  const schema = memberOf(definition, whole, 'inputSchema');
  return schema === undefined ? undefined : insertMember(definition, schema, `"properties":{${text}}`);
}

/** The argument's value in a call, and the edit that removes the argument. */
export interface Pin {
  /** Undefined for a value that is no string, or empty. */
  readonly host: string | undefined;
  readonly edit: Edit;
}

/** @param args the arguments of a call. Returns undefined without the argument. */
export function pinOf(bytes: Buffer, args: Span): Pin | undefined {
  const found = removeMember(bytes, args, PIN_ARGUMENT);
  if (found === undefined) return undefined;
  const host = textAt(bytes, found.value);
  return { host: host === '' ? undefined : host, edit: found.edit };
}
