import { describe, expect, it } from 'vitest';
import type { LogEntry } from '../../../src/api/control.ts';
import { LineFilter, sinceOf } from '../../../src/cli/log-filter.ts';
import { entryLine, unseen } from '../../../src/cli/logs.ts';
import { chooseStyle } from '../../../src/cli/style.ts';

function entry(atMs: number, line: string): LogEntry {
  return { atMs, host: 'gpu1', server: 'files', stream: 'stderr', line };
}

describe('following', () => {
  const [a, b, c] = [entry(1, 'a'), entry(2, 'b'), entry(2, 'c')];
  it.each([
    ['nothing was read', [], [a, b], [a, b]],
    ['all was read', [a, b], [a, b], []],
    ['told a moment later than it was written', [a], [entry(3, 'a')], []],
    ['the same words much later', [a], [entry(5000, 'a')], [entry(5000, 'a')]],
    ['the same line twice, read once', [a, b], [b, b], [b]],
    ['another line of the same millisecond', [a, b], [b, c], [c]],
  ])('%s', (_name, read, told, expected) => {
    expect(unseen(read, told)).toEqual(expected);
  });
});

describe('a line', () => {
  it('has time, place and text, and says which stream where it is not stderr', () => {
    const plain = chooseStyle({ color: false, isTTY: true, env: {} });
    const started = 'started\u001B[31m';
    expect(entryLine(entry(0, started), plain, undefined)).toBe('1970-01-01T00:00:00.000Z gpu1/files started\n');
    expect(entryLine({ atMs: 0, host: 'nas', stream: 'ssh', line: 'x' }, plain, undefined)).toBe(
      '1970-01-01T00:00:00.000Z nas [ssh] x\n',
    );
  });

  it('has the local time of day, with the date where it is another day', () => {
    const plain = chooseStyle({ color: false, isTTY: true, env: {} });
    const atMs = new Date(2026, 0, 5, 9, 8, 7).getTime();
    const later = (day: number): string => entryLine(entry(atMs, 'x'), plain, new Date(2026, 0, day, 23).getTime());
    expect(later(5)).toBe('09:08:07 gpu1/files x\n');
    expect(later(6)).toBe('2026-01-05 09:08:07 gpu1/files x\n');
  });

  it('has the same colour for the same server, which is not red', () => {
    const { own } = chooseStyle({ color: true, isTTY: true, env: {} });
    const names = ['gpu1/files', 'gpu1/git', 'nas/media', 'nas/backups', 'here/notes', 'here'];
    const colours = names.map((name) => own(name).split(name)[0]);
    expect(names.map((name) => own(name).split(name)[0])).toEqual(colours);
    expect(new Set(colours).size).toBeGreaterThan(2);
    expect(colours.join('')).not.toContain('\u001B[31m');
  });
});

describe('--since', () => {
  const nowMs = Date.parse('2026-03-01T12:00:00Z');
  it.each([
    ['30s', '2026-03-01T11:59:30Z'],
    ['10m', '2026-03-01T11:50:00Z'],
    ['1h30m', '2026-03-01T10:30:00Z'],
    ['1.5h', '2026-03-01T10:30:00Z'],
    ['2d', '2026-02-27T12:00:00Z'],
    ['2026-02-28T09:30:00.123Z', '2026-02-28T09:30:00.123Z'],
  ])('%s', (text, expected) => {
    expect(sinceOf(text, nowMs)).toBe(Date.parse(expected));
  });

  it.each(['', '10', 'm', '10 m', '-5m', '10x', '1m h', 'yesterday', '2026-13-45', '10m5'])('refuses %j', (text) => {
    expect(() => sinceOf(text, nowMs)).toThrow(
      expect.objectContaining({ code: 'USAGE', hint: 'mcp-anywhere logs --since 10m' }) as Error,
    );
  });
});

describe('--grep', () => {
  const lines = ['Connection REFUSED', 'all is well', 'timed out'].map((line, at) => entry(at, line));
  const found = (pattern: string): string[] => new LineFilter(pattern).matching(lines).map(({ line }) => line);

  it('ignores case where the pattern has no capitals', () => {
    expect(found('refused|out$')).toEqual(['Connection REFUSED', 'timed out']);
    expect(found('Refused')).toEqual([]);
  });

  it.each(['(', '[z-a]', '*', '\\'])('refuses %s with an example', (pattern) => {
    const refused = expect.objectContaining({
      code: 'USAGE',
      hint: expect.stringContaining('--grep') as string,
    }) as Error;
    expect(() => new LineFilter(pattern)).toThrow(refused);
  });

  it('gives a pattern up that would take years', () => {
    const began = performance.now();
    const filter = new LineFilter('(a+)+$');
    const long = [entry(0, `${'a'.repeat(60)}b`)];
    expect(() => filter.matching(long)).toThrow(expect.objectContaining({ code: 'USAGE' }) as Error);
    expect(performance.now() - began).toBeLessThan(10_000);
    expect(filter.matching([entry(0, 'aaa')])).toHaveLength(1);
  });
});
