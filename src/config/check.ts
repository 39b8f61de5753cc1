/** From the bytes of a hosts file to a Plan, or to the list of all mistakes. */
import { isUtf8 } from 'node:buffer';
import type { ConfigProblem } from '../api/hosts-problems.ts';
import { readDocument } from './document.ts';
import { placed, sorted } from './placed.ts';
import type { Plan } from './plan.ts';
import type { Complaint, Position } from './problem.ts';
import { type ResolvePlace, resolvePlan } from './resolve.ts';
import { brokenRules } from './rules.ts';
import { hostsFileSchema } from './schema.ts';
import { complaintsOf } from './zod-issues.ts';

export type Checked = { readonly plan: Plan } | { readonly problems: readonly ConfigProblem[] };

/** Reads nothing but `bytes`, resolves no reference, starts nothing. */
export function checkHostsFile(bytes: Uint8Array, place: ResolvePlace): Checked {
  const decoded = decode(bytes);
  if ('complaint' in decoded) return { problems: [placed(decoded.complaint, undefined, place.file)] };
  const document = readDocument(decoded.text);
  if (document.value === undefined) return { problems: sorted(document.complaints, document, place.file) };
  if (document.value === null) return { problems: sorted([...document.complaints, EMPTY], document, place.file) };
  const parsed = hostsFileSchema.safeParse(document.value);
  const complaints = [
    ...document.complaints,
    ...complaintsOf(parsed.error?.issues ?? [], hostsFileSchema, document.value),
    ...brokenRules(document.value),
  ];
  if (parsed.success && complaints.length === 0) return { plan: resolvePlan(parsed.data, place) };
  return { problems: sorted(complaints, document, place.file) };
}

const EMPTY: Complaint = {
  path: [],
  about: 'value',
  expected: 'a mapping with `hosts:`',
  found: 'nothing',
  suggestion: 'see mcp-anywhere.config.example.yaml',
};

/** A hosts file of 100 hosts with 10 servers each has about 300 KB; a larger file is something else. */
export const MAX_HOSTS_FILE_BYTES = 4 * 1024 * 1024;

type Decoded = { readonly text: string } | { readonly complaint: Complaint };

/** UTF-8 only, with or without a BOM. */
function decode(bytes: Uint8Array): Decoded {
  const complaint = wrongSize(bytes) ?? wrongEncoding(bytes);
  if (complaint !== undefined) return { complaint };
  return { text: new TextDecoder('utf-8').decode(bytes) };
}

function wrongSize(bytes: Uint8Array): Complaint | undefined {
  if (bytes.length <= MAX_HOSTS_FILE_BYTES) return undefined;
  return wholeFile(
    'a hosts file of at most 4 MiB',
    `${String(bytes.length)} bytes`,
    'choose the right file with --config',
  );
}

function wrongEncoding(bytes: Uint8Array): Complaint | undefined {
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)) {
    return wholeFile('UTF-8 text', 'UTF-16', 'save the file as UTF-8');
  }
  const at = firstBadLine(bytes);
  if (at === undefined) return undefined;
  return { ...wholeFile('UTF-8 text', 'bytes that are not UTF-8', 'save the file as UTF-8'), at };
}

function wholeFile(expected: string, found: string, suggestion: string): Complaint {
  return { path: [], about: 'value', expected, found, suggestion, at: { line: 1, column: 1 } };
}

function firstBadLine(bytes: Uint8Array): Position | undefined {
  if (isUtf8(bytes)) return undefined;
  let line = 1;
  let start = 0;
  for (let end = bytes.indexOf(10); end !== -1; end = bytes.indexOf(10, start)) {
    if (!isUtf8(bytes.subarray(start, end))) return { line, column: 1 };
    line += 1;
    start = end + 1;
  }
  return { line, column: 1 };
}
