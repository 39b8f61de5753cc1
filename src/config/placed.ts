/** From complaints about a file to problems with their places in its text. */
import type { ConfigProblem } from '../api/hosts-problems.ts';
import type { HostsDocument } from './document.ts';
import { type Complaint, formatKey } from './problem.ts';

/** In the order of the text. */
export function sorted(complaints: readonly Complaint[], document: HostsDocument, file: string): ConfigProblem[] {
  return complaints
    .map((complaint) => placed(complaint, document, file))
    .sort((a, b) => a.line - b.line || a.column - b.column);
}

export function placed(complaint: Complaint, document: HostsDocument | undefined, file: string): ConfigProblem {
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
