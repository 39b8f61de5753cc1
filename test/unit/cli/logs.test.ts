import { describe, expect, it } from 'vitest';
import { entryLine, unseen } from '../../../src/cli/logs.ts';
import { chooseStyle } from '../../../src/cli/style.ts';
import type { LogEntry } from '../../../src/daemon/control-schema.ts';

function entry(atMs: number, line: string): LogEntry {
  return { atMs, host: 'gpu1', server: 'files', stream: 'stderr', line };
}

describe('following', () => {
  const [a, b, c] = [entry(1, 'a'), entry(2, 'b'), entry(2, 'c')];
  it.each([
    ['the first look', [], [a, b], [a, b]],
    ['nothing more', [a, b], [a, b], []],
    ['later lines', [a], [a, b, c], [b, c]],
    ['another line of the same millisecond', [a, b], [a, b, c], [c]],
    ['the same line twice in a millisecond', [a, b], [a, b, b], [b]],
    ['a window that moved on', [a, b], [b, c], [c]],
  ])('%s', (_name, before, now, expected) => {
    expect(unseen(before, now)).toEqual(expected);
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
