import { describe, expect, it } from 'vitest';
import type { LogEntry } from '../../../src/api/control.ts';
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
    expect(entryLine(entry(0, 'started\u001B[31m'), plain)).toBe('1970-01-01T00:00:00.000Z gpu1/files started\n');
    expect(entryLine({ atMs: 0, host: 'nas', stream: 'ssh', line: 'x' }, plain)).toBe(
      '1970-01-01T00:00:00.000Z nas [ssh] x\n',
    );
  });
});
