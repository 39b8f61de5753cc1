/** The whole way from a hosts file's bytes to a Plan, or to all of its mistakes at once. */
import { decode } from './decode.ts';
import { type HostsDocument, readDocument } from './document.ts';
import type { Plan } from './plan.ts';
import { type Complaint, type ConfigProblem, formatKey } from './problem.ts';
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

function sorted(complaints: readonly Complaint[], document: HostsDocument, file: string): ConfigProblem[] {
  return complaints
    .map((complaint) => placed(complaint, document, file))
    .sort((a, b) => a.line - b.line || a.column - b.column);
}

function placed(complaint: Complaint, document: HostsDocument | undefined, file: string): ConfigProblem {
  const at = complaint.at ?? document?.locate(complaint.path, complaint.about) ?? { line: 1, column: 1 };
  return {
    file,
    ...at,
    key: formatKey(complaint.path),
    expected: complaint.expected,
    found: complaint.found,
    ...(complaint.suggestion === undefined ? {} : { suggestion: complaint.suggestion }),
  };
}
