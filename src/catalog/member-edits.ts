/** Edits that put a member into an object of a definition or a call, or take one out; every other byte stays. */
import { keyIs, type Span, skipSpace, skipValue, walkMembers } from '../protocol/json-scan.ts';
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
