/** What is wrong with the YAML itself, by the parser's codes (yaml/dist/errors.d.ts). */
import type { ErrorCode } from 'yaml';
import type { Complaint, Position } from './problem.ts';

interface Sentence {
  readonly expected: string;
  readonly found: string;
  readonly suggestion?: string;
}

const QUOTE = 'put a text that starts with *, &, !, %, @, ` or { in quotes';

const SENTENCES: Partial<Record<ErrorCode, Sentence>> = {
  DUPLICATE_KEY: { expected: 'each key once', found: 'the same key a second time', suggestion: 'remove one of them' },
  TAB_AS_INDENT: { expected: 'spaces before the key', found: 'a tab', suggestion: 'indent with two spaces' },
  BAD_ALIAS: {
    expected: 'an anchor of that name above',
    found: 'an alias (*name) without its anchor',
    suggestion: QUOTE,
  },
  MULTIPLE_DOCS: {
    expected: 'one document',
    found: 'a second one after `---`',
    suggestion: 'keep one hosts file per file',
  },
  BAD_INDENT: {
    expected: 'keys of one level at the same indentation',
    found: 'a different indentation',
    suggestion: 'align the key with its neighbours',
  },
  TAG_RESOLVE_FAILED: { expected: 'plain YAML', found: 'a tag (!name)', suggestion: QUOTE },
  BAD_SCALAR_START: { expected: 'a text', found: 'a character that cannot start one', suggestion: QUOTE },
  MISSING_CHAR: {
    expected: 'a closing quote, bracket, comma or colon',
    found: 'none',
    suggestion: 'add the missing character; a `:` needs a space after it',
  },
  NON_STRING_KEY: { expected: 'a name as key', found: 'something else', suggestion: 'put the key in quotes' },
  BLOCK_AS_IMPLICIT_KEY: {
    expected: 'one `key: value` on a line',
    found: 'two',
    suggestion: 'put a text that contains `: ` in quotes',
  },
  MULTILINE_IMPLICIT_KEY: {
    expected: '`key: value`',
    found: 'a line without a colon',
    suggestion: 'write `key: value`, with a space after `:`',
  },
  UNEXPECTED_TOKEN: { expected: 'YAML', found: 'something that does not belong here', suggestion: QUOTE },
};

export function syntaxComplaint(code: ErrorCode, at: Position): Complaint {
  const sentence = SENTENCES[code] ?? { expected: 'valid YAML', found: `the syntax error ${code}` };
  return { path: [], about: 'value', at, ...sentence };
}
