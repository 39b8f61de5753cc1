/** The argument by which a client chooses the host that runs a pool's tool: added to its schema, and taken out of its calls. */
import { memberAt, memberOf, type Span, textAt } from '../protocol/json-scan.ts';
import type { Edit } from '../protocol/splice.ts';
import { insertMember, removeMember } from './member-edits.ts';

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
