/** The pages of `explain`: one for each code, in whole sentences, with commands that exist. */
import { describe, expect, it } from 'vitest';
import { createGrammar } from '../../../docs/generate/commands.ts';
import { ERROR_PAGES } from '../../../src/base/error-pages.ts';
import { ERROR_CODES, type ErrorCode, EXIT } from '../../../src/base/errors.ts';
import { pageText } from '../../../src/cli/explain.ts';
import { chooseStyle } from '../../../src/cli/style.ts';
import { commandOf, complaint, complaintsAbout } from '../../harness/command-lines.ts';

const CODES = Object.keys(ERROR_CODES) as ErrorCode[];
const plain = chooseStyle({ color: false, isTTY: false, env: {} });

it('there is a page for each code, and none is left over', () => {
  expect(Object.keys(ERROR_PAGES).toSorted()).toEqual(CODES.toSorted());
});

describe.each(CODES)('the page of %s', (code) => {
  it('has causes, how to see each, and what to do', () => {
    expect(ERROR_PAGES[code].length).toBeGreaterThan(0);
    for (const { cause, see, fix } of ERROR_PAGES[code]) {
      expect(cause).toMatch(/^(?:[A-Z`]|ssh ).*\.$/);
      // They go on after `see` and `do`.
      for (const text of [see, fix]) expect(text).toMatch(/^(?:[^A-Z]|MCP-Anywhere).*[.`]$/);
    }
  });

  it('names commands that exist, with options that exist', () => {
    const program = createGrammar();
    const texts = ERROR_PAGES[code].flatMap(({ see, fix }) => [see, fix]);
    const hints = ERROR_CODES[code].hint.split('; ').flatMap((hint) => commandOf(hint) ?? []);
    expect(complaintsAbout(program, texts.join('\n'))).toEqual([]);
    expect(hints.flatMap((line) => complaint(program, line) ?? [])).toEqual([]);
  });

  it('names places that can be pasted into a shell', () => {
    expect(pageText(code, plain)).not.toMatch(/<\w+>|\{\w+\}/);
  });

  it('ends with the exit code', () => {
    expect(pageText(code, plain)).toContain(`  exit ${String(ERROR_CODES[code].exit)}\n`);
    expect(Object.values(EXIT)).toContain(ERROR_CODES[code].exit);
  });
});

/** Codes that have fewer causes. A finding of `doctor` is its own cause. */
const FEWER: readonly ErrorCode[] = [
  ...(['CLOCK_WRONG', 'DAEMON_LEFTOVERS', 'DISK_FULL', 'FILE_EXPOSED', 'PACKAGE_UNPINNED'] as const),
  ...([
    'FOLDER_UNUSABLE',
    'HOST_KEY_REVOKED',
    'INTERNAL',
    'MESSAGE_TOO_LARGE',
    'NODE_UNSUITABLE',
    'TOOL_DENIED',
  ] as const),
];

it('has three causes or more, which different signs tell apart', () => {
  const few = CODES.filter((code) => ERROR_PAGES[code].length < 3);
  expect(few.toSorted()).toEqual(FEWER.toSorted());
  for (const code of CODES) {
    const signs = ERROR_PAGES[code].map(({ see }) => see);
    expect(new Set(signs).size, code).toBe(signs.length);
  }
});

it('a page fits the terminal', () => {
  const rows = pageText('AUTH_FAILED', plain, 60).split('\n');
  expect(rows.filter((row) => row.length > 60)).toEqual([]);
  expect(rows.some((row) => row.startsWith('       '))).toBe(true);
});
