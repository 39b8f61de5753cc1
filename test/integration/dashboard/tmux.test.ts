/** Rows as wide as the terminal, in tmux: after the last column its cursor stands in that column, unlike in an emulator. */
import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { programVersion } from '../../../src/gateway/open.ts';
import { endpointFor } from '../../harness/daemon-process.ts';
import { startFakeDaemon } from '../../harness/fake-daemon.ts';
import { BIN } from '../../harness/program.ts';
import { makeSandbox, type Sandbox } from '../../harness/sandbox.ts';
import { host, server, snapshot, tool } from '../../unit/dashboard/kit.ts';

const COLUMNS = 80;
const LONG = '0123456789'.repeat(20);

interface Tmux {
  readonly screen: () => readonly string[];
  readonly type: (key: string) => void;
}

interface Size {
  readonly columns: number;
  readonly rows: number;
}

function dashInTmux(file: string, sandbox: Sandbox, { columns, rows }: Size): Tmux {
  const env = { ...sandbox.env, TERM: 'xterm-256color' };
  const socket = join(sandbox.runtimeDir, 'tmux');
  const tmux = (...args: readonly string[]): string =>
    execFileSync('tmux', ['-S', socket, '-f', '/dev/null', ...args], { env, encoding: 'utf8' });
  const size = ['-x', String(columns), '-y', String(rows)];
  tmux('new-session', '-d', ...size, process.execPath, BIN, 'dash', '--config', file);
  onTestFinished(() => {
    tmux('kill-server');
  });
  return {
    screen: () => tmux('capture-pane', '-p').split('\n'),
    type: (key) => {
      tmux('send-keys', key);
    },
  };
}

const hasTmux = spawnSync('tmux', ['-V']).status === 0;

const cause = { code: 'HOST_UNREACHABLE', message: LONG, hint: LONG } as const;
const gpu1 = host('gpu1', { cause, tags: [LONG], servers: [server('files', { state: 'failed', cause })] });
const call = { call: 1, client: 'c1', clientName: LONG, host: 'gpu1', server: LONG, tool: LONG, startedMs: 0 };
const progress = { progress: 1, message: LONG };
const row = { key: LONG, calls: 123_456, errors: 0, p50Ms: 1, p95Ms: 2, p99Ms: 3, bytesIn: 850, bytesOut: 1_234_567 };

/** Of each view: its key, its head, its longest row, and the end of that row. */
const VIEWS = [
  ['1', /STATE +RTT/, COLUMNS, /…$/],
  ['2', /SERVER +STATE/, COLUMNS, /…$/],
  ['3', /WHAT IT DOES/, COLUMNS, /…$/],
  ['4', /HOST.SERVER +PROGRESS/, COLUMNS, /…$/],
  ['5', /all hosts · following/, COLUMNS, /…$/],
  ['6', /BY TOOL, LAST HOUR/, COLUMNS, /2\.0ms$/],
] as const;

async function dash(size: Size): Promise<Tmux> {
  const sandbox = makeSandbox();
  const file = join(sandbox.home, 'hosts.yaml');
  writeFileSync(file, 'version: 1\nhosts: {}\n');
  const daemon = await startFakeDaemon(endpointFor(file, sandbox), programVersion(), {
    snapshot: () => snapshot([gpu1], { calls: [{ ...call, ...progress }] }),
    status: () => snapshot([gpu1]).status,
    tools: () => ({ tools: [tool(`gpu1__files__${LONG}`, { type: 'object' }, { description: LONG })], missing: [] }),
    logs: () => ({
      entries: [{ atMs: 1_700_000_000_000, host: 'gpu1', server: 'files', stream: 'stderr', line: LONG }],
    }),
    stats: () => ({ rows: [row] }),
  });
  onTestFinished(() => daemon.stop());
  return dashInTmux(file, sandbox, size);
}

it.skipIf(!hasTmux)('a row that fills the terminal keeps its last character, in every view', async () => {
  const { screen, type } = await dash({ columns: COLUMNS, rows: 24 });
  /** The rows of this width under that head. */
  const rowsOf = (head: RegExp, width: number): readonly string[] => {
    const [, , title = '', ...rows] = screen();
    return head.test(title) ? rows.filter((line) => line.length === width) : [];
  };
  for (const [key, head, width, end] of VIEWS) {
    type(key);
    await expect.poll(() => rowsOf(head, width), { message: `view ${key}` }).toContainEqual(expect.stringMatching(end));
  }
});

it.skipIf(!hasTmux).each([
  { columns: 120, rows: 35, title: /^── .*[─…]$/ },
  { columns: 170, rows: 36, title: / │ ── .*[─…]$/ },
])('so does a split view of $columns×$rows', async ({ title, ...size }) => {
  const { screen, type } = await dash(size);
  for (const key of ['1', '2', '3', '4']) {
    type(key);
    const full = (): readonly string[] => screen().filter((line) => line.length === size.columns);
    await expect.poll(full, { message: `view ${key}` }).toContainEqual(expect.stringMatching(title));
    await expect.poll(full, { message: `view ${key}` }).toContainEqual(expect.stringMatching(/…$/));
    expect(Math.max(...screen().map((line) => line.length))).toBe(size.columns);
  }
});
