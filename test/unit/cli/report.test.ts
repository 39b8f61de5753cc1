import { describe, expect, it } from 'vitest';
import { AnywhereError, type ErrorReport, reportOf } from '../../../src/base/errors.ts';
import { harmless } from '../../../src/base/harmless.ts';
import { combinedExit, errorJson, formatError } from '../../../src/cli/report.ts';
import { chooseStyle } from '../../../src/cli/style.ts';
import { printed } from '../../harness/control.ts';

const plain = chooseStyle({ color: false, isTTY: true, env: {} });
const changed = reportOf(
  new AnywhereError('HOST_KEY_CHANGED', 'gpu1 shows another key.', {
    host: 'gpu1',
    server: 'files',
    evidence: ['known: SHA256:a (known_hosts:3)\nshown: SHA256:b'],
  }),
);

describe('an error for people', () => {
  it('says what, where, on what evidence, and the next step', () => {
    expect(formatError(changed, plain).split('\n')).toEqual([
      '✖ gpu1 shows another key. (HOST_KEY_CHANGED)',
      '  where  host gpu1 · server files',
      '  seen   known: SHA256:a (known_hosts:3)',
      '         shown: SHA256:b',
      '  next   compare the fingerprint with the owner of the machine, then remove the old line from known_hosts',
      '',
    ]);
  });

  it('leaves out what it does not know', () => {
    const text = formatError(reportOf(new AnywhereError('HOST_UNREACHABLE', 'No route.')), plain);
    expect(text).toBe('✖ No route. (HOST_UNREACHABLE)\n  next   mcp-anywhere doctor <host>\n');
  });

  it('cuts long evidence and says so', () => {
    const evidence = Array.from({ length: 40 }, (_, index) => `line ${String(index)}`);
    const text = formatError({ ...changed, evidence }, plain);
    expect(text).toContain('line 29');
    expect(text).not.toContain('line 30');
    expect(text).toContain('… 10 more lines with --json');
  });

  it('cuts a long line of a server that floods', () => {
    const text = formatError({ ...changed, evidence: ['garbage '.repeat(400)] }, plain);
    const seen = text.split('\n').find((line) => line.includes('garbage')) ?? '';
    expect(seen).toMatch(/garbage.*…$/);
    expect(seen.length).toBeLessThan(320);
  });

  it('lets no remote text steer the terminal', () => {
    const text = formatError(
      { ...changed, message: 'bad\u001B[2J\u0007', evidence: ['\u001B]0;title\u0007x\u009B31m'] },
      plain,
    );
    expect(text).not.toMatch(/[\u0000-\u0009\u000B-\u001F\u007F-\u009F]/);
  });

  it('keeps newlines and tabs of a tool', () => {
    expect(harmless('a\tb\nc\r\n\u001B[1mbold\u001B[0m')).toBe('a\tb\nc\nbold');
  });
});

describe('an error for programs', () => {
  it('is one line with its schema version', () => {
    const text = errorJson(changed, {});
    expect(text.trimEnd()).not.toContain('\n');
    expect(printed('failure', text).error).toEqual(changed);
  });
});

describe('commands in a hint', () => {
  it('carry the --config that was given, quoted for a shell', () => {
    const style = chooseStyle({ config: 'my hosts.yaml', color: false, isTTY: true, env: {} });
    const hint = 'npm i -g mcp-anywhere, then run `mcp-anywhere logs box/echo`; mcp-anywhere --help';
    const text = formatError({ code: 'SERVER_EXITED', message: 'gone', hint }, style);
    expect(text).toContain(
      "npm i -g mcp-anywhere, then run `mcp-anywhere --config 'my hosts.yaml' logs box/echo`; mcp-anywhere --config 'my hosts.yaml' --help",
    );
    expect(formatError({ code: 'SERVER_EXITED', message: 'gone', hint }, plain)).toContain(
      '`mcp-anywhere logs box/echo`',
    );
  });
});

describe('one exit code for several parts', () => {
  const auth: ErrorReport = { code: 'AUTH_FAILED', message: '', hint: '' };
  const gone: ErrorReport = { code: 'HOST_UNREACHABLE', message: '', hint: '' };
  it.each([
    [[], 0],
    [[undefined, undefined], 0],
    [[auth, auth], 3],
    [[gone, auth], 4],
    [[undefined, gone], 8],
  ])('%j → %i', (causes, exit) => {
    expect(combinedExit(causes)).toBe(exit);
  });
});

describe('colours', () => {
  const bad = (wish: Parameters<typeof chooseStyle>[0]): boolean => chooseStyle(wish).bad('x') !== 'x';
  it.each([
    [{ color: true, isTTY: true, env: {} }, true],
    [{ color: true, isTTY: false, env: {} }, false],
    [{ color: false, isTTY: true, env: {} }, false],
    [{ color: true, isTTY: true, env: { NO_COLOR: '1' } }, false],
    [{ color: true, isTTY: true, env: { NO_COLOR: '' } }, true],
    [{ color: true, isTTY: true, env: { TERM: 'dumb' } }, false],
    [{ color: true, isTTY: false, env: { FORCE_COLOR: '1' } }, true],
    [{ color: true, isTTY: false, env: { FORCE_COLOR: '1', NO_COLOR: '1' } }, false],
  ])('%j → %s', (wish, expected) => {
    expect(bad(wish)).toBe(expected);
  });
});
