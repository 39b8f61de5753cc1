/** Rows as wide as the terminal, in tmux: after the last column its cursor stands in that column, unlike in an emulator. */
import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { programVersion } from '../../../src/gateway/open.ts';
import { endpointFor } from '../../harness/daemon-process.ts';
import { startFakeDaemon } from '../../harness/fake-daemon.ts';
import { BIN } from '../../harness/program.ts';
import { makeSandbox } from '../../harness/sandbox.ts';
import { until } from '../../harness/until.ts';
import { host, snapshot } from '../../unit/dashboard/kit.ts';

const COLUMNS = 80;
const LONG = '0123456789'.repeat(20);

interface Tmux {
  readonly screen: () => readonly string[];
}

function dashInTmux(file: string, env: Readonly<Record<string, string>>, socket: string): Tmux {
  const tmux = (...args: readonly string[]): string =>
    execFileSync('tmux', ['-S', socket, '-f', '/dev/null', ...args], { env, encoding: 'utf8' });
  const size = ['-x', String(COLUMNS), '-y', '24'];
  tmux('new-session', '-d', ...size, process.execPath, BIN, 'dash', '--config', file);
  onTestFinished(() => {
    tmux('kill-server');
  });
  return {
    screen: () => tmux('capture-pane', '-p').split('\n'),
  };
}

const hasTmux = spawnSync('tmux', ['-V']).status === 0;

it.skipIf(!hasTmux)('a row that fills the terminal keeps its last character', async () => {
  const sandbox = makeSandbox();
  const file = join(sandbox.home, 'hosts.yaml');
  writeFileSync(file, 'version: 1\nhosts: {}\n');
  const cause = { code: 'HOST_UNREACHABLE', message: LONG, hint: LONG } as const;
  const daemon = await startFakeDaemon(endpointFor(file, sandbox), programVersion(), {
    snapshot: () => snapshot([host('gpu1', { cause, tags: [LONG] })]),
  });
  onTestFinished(() => daemon.stop());
  const { screen } = dashInTmux(file, { ...sandbox.env, TERM: 'xterm-256color' }, join(sandbox.runtimeDir, 'tmux'));
  /** The screen once the list under this head has a first row that fills the terminal. */
  const filled = async (head: string): Promise<readonly string[]> =>
    await until(
      () => {
        const rows = screen();
        return rows[2]?.includes(head) && rows[3]?.length === COLUMNS ? rows : undefined;
      },
      { what: () => `a full row under ${head}:\n${screen().join('\n')}` },
    );
  expect((await filled('HOST'))[3]).toMatch(/…$/);
});
