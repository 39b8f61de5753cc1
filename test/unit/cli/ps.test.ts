import { expect, it } from 'vitest';
import type { DaemonRow } from '../../../src/api/status.ts';
import { psText } from '../../../src/cli/ps.ts';
import { chooseStyle } from '../../../src/cli/style.ts';

const plain = chooseStyle({ color: false, isTTY: true, env: {} });
const NOW_MS = 1_700_000_000_000;
const row: DaemonRow = {
  ...{ pid: 7, version: '1.0.0', hostsFile: '/hosts.yaml', sinceMs: NOW_MS - 5000, log: '/log' },
  clients: [
    { id: 'c1', name: 'ai', version: '9', sinceMs: NOW_MS - 2000 },
    { id: 'c2', name: 'other', version: '1', sinceMs: NOW_MS - 2000 },
  ],
  calls: [
    {
      ...{ call: 1, client: 'c1', clientName: 'ai', host: 'here', server: 'slow', tool: 'steps' },
      ...{ startedMs: NOW_MS - 1000, progress: 6, total: 60 },
    },
  ],
};

it('shows what each client waits for, and how far that is', () => {
  expect(psText([row], plain, NOW_MS).split('\n')).toEqual([
    'pid 7  1.0.0  up 5s  /hosts.yaml',
    ' c1  ai 9     for 2s  here/slow steps 6/60 (1s)',
    ' c2  other 1  for 2s',
    '',
  ]);
});

it('says which clients are sessions of a shell, and when they end', () => {
  const shells = [
    { id: 'c1', name: 'cli', version: '9', sinceMs: NOW_MS - 2000, shell: {} },
    { id: 'c2', name: 'cli', version: '9', sinceMs: NOW_MS - 2000, shell: { endsMs: NOW_MS + 42_000 } },
  ];
  expect(
    psText([{ ...row, clients: shells }], plain, NOW_MS)
      .split('\n')
      .slice(1, 3),
  ).toEqual([
    ' c1  cli 9  for 2s  a shell, here/slow steps 6/60 (1s)',
    ' c2  cli 9  for 2s  kept for a shell, ends in 42s',
  ]);
});

it.each([40, 60, 80])('fits %i columns, and cuts no path', (width) => {
  const hostsFile = '/home/me/some/folder/with/a/hosts-file.yaml';
  const lines = psText([{ ...row, hostsFile }], plain, NOW_MS, width)
    .trimEnd()
    .split('\n');
  expect(lines.filter((line) => line.length > width && !line.includes(hostsFile))).toEqual([]);
  expect(lines.join('\n')).toContain(hostsFile);
});

it('says what helps against one that does not answer', () => {
  const silent = { ...row, clients: null, calls: [], hint: 'kill -CONT 7' };
  expect(psText([silent], plain, NOW_MS)).toContain('does not answer: kill -CONT 7\n');
});

it('prints nothing that steers the terminal, whoever named himself so', () => {
  const evil = 'a\u001b[2J\u202e\u009b1A\nb';
  const named = {
    ...{ ...row, version: evil, hostsFile: evil },
    clients: [{ id: 'c1', name: evil, version: evil, sinceMs: NOW_MS }],
    calls: row.calls.map((call) => ({ ...call, host: evil, server: evil, tool: evil })),
  };
  const text = psText([named], plain, NOW_MS);
  expect(text.split('\n')).toHaveLength(3);
  expect(text).not.toMatch(/[\u001b\u202e\u009b]/);
  expect(text.match(/a b/g)).toHaveLength(7);
});
