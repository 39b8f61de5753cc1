/**
 * The kinds of values of the hosts file, as zod schemas whose error messages are the word after "expected".
 *
 * A check passes its advice as `params.suggestion`; `zod-issues.ts` reads both.
 */
import * as z from 'zod';
import { parseTemplate } from './template.ts';

/** The fault of a value of the right type. */
export interface Finding {
  readonly expected: string;
  readonly found?: string;
  readonly suggestion?: string;
}

/** The longest timer of Node, about 24 days; a longer one would fire at once. */
export const MAX_MS = 2_147_483_647;

/** The longest argument or variable on Linux (MAX_ARG_STRLEN, execve(2)). */
export const MAX_VALUE_BYTES = 128 * 1024 - 1;

type Check = (value: string) => Finding | undefined;

/** A text that is not empty and passes the check. */
export function text(expected: string, check: Check = () => undefined): z.ZodString {
  return z.string({ error: expected }).superRefine((value, context) => {
    const finding = value === '' ? { expected, found: 'an empty text' } : (controls(value, expected) ?? check(value));
    if (finding !== undefined) context.addIssue(issueOf(finding));
  });
}

/** One text or a list of them. */
export function oneOrMore(expected: string, check: Check): z.ZodType<string | string[]> {
  return z.union(
    [text(expected, check), z.array(text(expected, check)).min(1, { error: `${expected}, or a list of them` })],
    { error: `${expected}, or a list of them` },
  );
}

/** A text that may hold references. Numbers and booleans count as the text they are written as. */
export function template(): z.ZodType<string | number | boolean> {
  const expected = 'a text';
  return z.union([z.string(), z.number(), z.boolean()], { error: expected }).superRefine((value, context) => {
    const finding = templateFinding(String(value));
    if (finding !== undefined) context.addIssue(issueOf(finding));
  });
}

export function whole(what: string, min: number, max: number): z.ZodNumber {
  const error = `${what} from ${String(min)} to ${String(max)}`;
  return z.int({ error }).min(min, { error }).max(max, { error });
}

export function milliseconds(min: number): z.ZodNumber {
  return whole('a whole number of milliseconds', min, MAX_MS);
}

export function flag(): z.ZodBoolean {
  return z.boolean({ error: 'true or false' });
}

export function issueOf(finding: Finding): {
  code: 'custom';
  message: string;
  params: { found?: string; suggestion?: string };
} {
  const { expected, ...params } = finding;
  return { code: 'custom', message: expected, params };
}

function controls(value: string, expected: string): Finding | undefined {
  return /\p{Cc}/u.test(value) ? { expected, found: 'a text with control characters' } : undefined;
}

function templateFinding(value: string): Finding | undefined {
  if (value.includes('\0')) return { expected: 'a text', found: 'a text with a NUL character' };
  const bytes = Buffer.byteLength(value);
  if (bytes > MAX_VALUE_BYTES) {
    return {
      expected: 'at most 128 KiB',
      found: `${String(bytes)} bytes`,
      suggestion: 'pass the value to the server in a file',
    };
  }
  const parsed = parseTemplate(value);
  return 'fault' in parsed ? { expected: 'a text', ...parsed.fault } : undefined;
}
