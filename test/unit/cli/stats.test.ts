import { describe, expect, it } from 'vitest';
import type { StatRow } from '../../../src/api/control.ts';
import { statsText } from '../../../src/cli/stats.ts';
import { chooseStyle } from '../../../src/cli/style.ts';

const plain = chooseStyle({ color: false, isTTY: true, env: {} });

function row(key: string, more: Partial<StatRow> = {}): StatRow {
  return { key, calls: 1, errors: 0, p50Ms: 1.23, p95Ms: 45.6, p99Ms: 1234, bytesIn: 120, bytesOut: 5300, ...more };
}

describe('statsText', () => {
  it('puts numbers under each other and the name last', () => {
    const rows = [
      row('gpu1/files/read_file', { calls: 1234, errors: 12, bytesOut: 1_234_567_890 }),
      row('nas/media/list', { p99Ms: 65_000 }),
    ];
    expect(statsText(rows, { by: 'tool' }, plain)).toBe(
      [
        'calls  errors    p50   p95   p99     in     out  tool',
        ' 1234      12  1.2ms  46ms  1.2s  120 B  1.2 GB  gpu1/files/read_file',
        '    1       0  1.2ms  46ms   65s  120 B  5.3 kB  nas/media/list',
        '',
      ].join('\n'),
    );
  });

  it.each([30, 40, 50, 60, 80])('fits %i columns: the name stays, and what is least asked for goes first', (width) => {
    const rows = [
      row('gpu1/files/read_a_very_long_name_of_a_tool_indeed', { calls: 1234, errors: 12 }),
      row('nas/媒体/list'),
    ];
    const lines = statsText(rows, { by: 'tool' }, plain, width).trimEnd().split('\n');
    expect(lines.filter((line) => line.length > width)).toEqual([]);
    expect(lines[0]).toMatch(/calls {2}errors/);
    expect(lines[1]).toMatch(/1234 +12 .*gpu1\/files\/re/);
    expect(lines[0]?.includes(' in ')).toBe(width >= 80);
    expect(statsText(rows, { by: 'tool' }, chooseStyle({ color: true, isTTY: true, env: {} }), width)).toContain('…');
  });

  it('does not let a name steer the terminal', () => {
    expect(statsText([row('evil\u001B[2J\nname')], { by: 'client' }, plain)).toContain('evil name');
  });
});
