/** The stand-in, run by every shell that may be /bin/sh, below a process that looks like an sshd. */
import { type ChildProcess, spawn } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, type TestContext } from 'vitest';
import { LAUNCH_COMMAND } from '../../../src/launch/launcher.ts';
import { guardedCommand } from '../../../src/launch/warden.ts';
import { makeFolder } from '../../harness/folder.ts';
import { isAlive } from '../../harness/processes.ts';
import { until } from '../../harness/until.ts';

const SHELLS = [
  '/bin/sh',
  '/bin/dash',
  '/bin/bash --posix',
  '/bin/busybox sh',
  '/usr/bin/mksh',
  '/bin/zsh --emulate sh',
];

interface Standing {
  readonly sshd: ChildProcess;
  readonly standIn: number;
  readonly launcher: number;
}

/** What sshd would start, up to where the launcher has read its line. */
async function start({ onTestFinished }: TestContext, shell: string, name: string, leaseMs: number): Promise<Standing> {
  const script = /^exec \/bin\/sh -c '(.*)'$/.exec(guardedCommand(leaseMs))?.[1] ?? '';
  const folder = makeFolder('public');
  const file = join(folder.path, name);
  copyFileSync('/bin/dash', file);
  const sshd = spawn(file, ['-c', `${shell} -c "$0";:`, script], { detached: true, stdio: ['pipe', 'pipe', 'ignore'] });
  onTestFinished(() => {
    if (sshd.pid !== undefined) process.kill(-sshd.pid, 'SIGKILL');
    folder.remove();
  });
  let text = '';
  sshd.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  sshd.stdin.write('unset L;echo $! $$ .;read -r L\n');
  await until(() => text.includes('.'));
  const [standIn, launcher] = text.split(' ').map(Number);
  if (standIn === undefined || launcher === undefined) throw new Error(`no pids: ${text}`);
  return { sshd, standIn, launcher };
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

describe.concurrent.each(SHELLS)('the stand-in, run by %s', (shell) => {
  it('ends the sshd above it when the lease is over', async (test) => {
    const { sshd, standIn } = await start(test, shell, 'sshd', 1_000);
    await until(() => sshd.signalCode === 'SIGTERM', { withinMs: 5_000 });
    await until(() => !isAlive(standIn), { withinMs: 5_000 });
  });

  it('ends nothing that is no sshd', async (test) => {
    const { sshd, standIn } = await start(test, shell, 'other', 1_000);
    await until(() => !isAlive(standIn), { withinMs: 6_000 });
    test.expect(sshd.exitCode ?? sshd.signalCode).toBeNull();
  });

  it('goes when it is relieved', async (test) => {
    const { sshd, standIn } = await start(test, shell, 'sshd', 2_500);
    // As the warden does: once is not enough where it does not listen yet.
    for (let at = 0; at < 2; at += 1) {
      process.kill(standIn, 'SIGURG');
      await wait(200);
    }
    await until(() => !isAlive(standIn), { withinMs: 3_500 });
    await wait(2_000);
    test.expect(sshd.exitCode ?? sshd.signalCode).toBeNull();
  });

  it('goes with its launcher', async (test) => {
    const { sshd, standIn, launcher } = await start(test, shell, 'sshd', 2_500);
    sshd.stdin?.write('\n');
    await until(() => !isAlive(launcher));
    await until(() => !isAlive(standIn), { withinMs: 3_500 });
  });
});

it('only `exec` and one quoted word reach the login shell', () => {
  const [, script = ''] = /^exec \/bin\/sh -c '(.*)'$/.exec(guardedCommand(60_000)) ?? [];
  expect(script).not.toMatch(/['!\\\n]/);
  expect(LAUNCH_COMMAND).not.toMatch(/[!\\\n]/);
});
