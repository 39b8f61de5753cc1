/** The argument by which a client chooses the host that runs a pool's tool: added to its schema, and taken out of its calls. */
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

export const PIN_ARGUMENT = 'run_on';

const CLOSE_BRACE = 0x7d;

/** The edit that adds it to a tool's definition; undefined where the tool has an argument of that name itself. */
export function pinEdit(definition: Buffer, hosts: readonly string[]): Edit | undefined {
  const whole = { start: 0, end: definition.length };
  const property = { type: 'string', enum: hosts, description: 'The host that runs it. Left out: chosen by load.' };
  const text = `${JSON.stringify(PIN_ARGUMENT)}:${JSON.stringify(property)}`;
  const properties = memberAt(definition, whole, ['inputSchema', 'properties']);
  if (properties !== undefined)
    return memberOf(definition, properties, PIN_ARGUMENT) === undefined
      ? insertion(definition, properties, text)
      : undefined;
  const schema = memberOf(definition, whole, 'inputSchema');
  return schema === undefined ? undefined : insertion(definition, schema, `"properties":{${text}}`);
}

/** What a call says of it, and the edit that takes it out. */
export interface Pin {
  /** Undefined where it is no text, or an empty one: then nothing is chosen. */
  readonly host: string | undefined;
  readonly edit: Edit;
}

/** @param args the arguments of a call; undefined where they do not have it */
export function pinOf(bytes: Buffer, args: Span): Pin | undefined {
  const members: Member[] = [];
  walkMembers(bytes, args.start, {
    member: (keyAt, start) => {
      const end = skipValue(bytes, start);
      members.push({ keyAt, start, end });
      return end;
    },
  });
  const index = members.findLastIndex(({ keyAt }) => keyIs(bytes, keyAt, PIN_ARGUMENT));
  const [before, found, after] = [members[index - 1], members[index], members[index + 1]];
  if (found === undefined) return undefined;
  const host = textAt(bytes, found);
  // With the comma behind it, or else with the one before it.
  const span =
    after === undefined
      ? { start: before?.end ?? found.keyAt, end: found.end }
      : { start: found.keyAt, end: after.keyAt };
  return { host: host === '' ? undefined : host, edit: { span, text: '' } };
}

interface Member extends Span {
  readonly keyAt: number;
}

/** A member put before those that an object has. */
function insertion(bytes: Buffer, object: Span, text: string): Edit {
  const at = object.start + 1;
  const isEmpty = bytes[skipSpace(bytes, at)] === CLOSE_BRACE;
  return { span: { start: at, end: at }, text: isEmpty ? text : `${text},` };
}
