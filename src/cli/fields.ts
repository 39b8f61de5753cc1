/** `--fields name,state`: only these members of each element that a command prints with `--json`. */
import * as z from 'zod';
import { PRINTED } from '../api/printed.ts';
import { AnywhereError } from '../base/errors.ts';
import { isRecord } from '../base/record.ts';
import { nearMiss } from '../config/near-miss.ts';
import type { Output } from './output.ts';

/** @throws AnywhereError USAGE for a name that no form of `--json` has */
export function withFields(out: Output, text: string): Output {
  const fields = text.split(',').map((name) => name.trim());
  const known = namesIn(Object.values(PRINTED).map((schema) => z.toJSONSchema(schema, { unrepresentable: 'any' })));
  for (const field of fields) if (!known.has(field)) throw noSuchField(field, [...known]);
  return {
    ...out,
    json: (value) => {
      out.json(chosen(value, fields));
    },
    jsonLine: (value) => {
      out.jsonLine(chosen(value, fields));
    },
  };
}

/** Of a document with a list, the elements of the first list; of any other, its own members. */
function chosen(value: object, fields: readonly string[]): never {
  const list = Object.entries(value).find(([, member]) => Array.isArray(member) && member.every(isRecord));
  const kept = list === undefined ? picked(value, fields) : { [list[0]]: elements(list[1], fields) };
  return kept as never;
}

function elements(list: unknown, fields: readonly string[]): unknown {
  return Array.isArray(list) ? list.filter(isRecord).map((element) => picked(element, fields)) : list;
}

/** A member that an element does not have is null: every element has the same columns. */
function picked(value: object, fields: readonly string[]): object {
  return Object.fromEntries(fields.map((field) => [field, (value as Record<string, unknown>)[field] ?? null]));
}

function namesIn(schema: unknown): ReadonlySet<string> {
  if (Array.isArray(schema)) return new Set(schema.flatMap((one) => [...namesIn(one)]));
  if (!isRecord(schema)) return new Set();
  const own = isRecord(schema['properties']) ? Object.keys(schema['properties']) : [];
  return new Set([...own, ...Object.values(schema).flatMap((one) => [...namesIn(one)])]);
}

function noSuchField(field: string, known: readonly string[]): AnywhereError {
  const near = nearMiss(field, known);
  return new AnywhereError('USAGE', `No document of --json has a member ${field}.`, {
    hint: near === undefined ? 'mcp-anywhere help json lists them' : `did you mean ${near}? mcp-anywhere help json`,
  });
}
