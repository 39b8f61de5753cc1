/** From the bytes of a hosts file to its text: UTF-8 only, with or without a BOM. */
import { isUtf8 } from 'node:buffer';
import type { Complaint, Position } from './problem.ts';

/** A hosts file of 100 hosts with 10 servers each has about 300 KB; more than this is some other file. */
export const MAX_HOSTS_FILE_BYTES = 4 * 1024 * 1024;

export type Decoded = { readonly text: string } | { readonly complaint: Complaint };

export function decode(bytes: Uint8Array): Decoded {
  const complaint = wrongSize(bytes) ?? wrongEncoding(bytes);
  if (complaint !== undefined) return { complaint };
  return { text: new TextDecoder('utf-8').decode(bytes) };
}

function wrongSize(bytes: Uint8Array): Complaint | undefined {
  if (bytes.length <= MAX_HOSTS_FILE_BYTES) return undefined;
  return wholeFile(
    'a hosts file of at most 4 MiB',
    `${String(bytes.length)} bytes`,
    'name the right file with --config',
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
