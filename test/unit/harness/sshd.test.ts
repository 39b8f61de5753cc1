import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import { expect, it, onTestFinished } from 'vitest';
import { makeKey } from '../../harness/keys.ts';
import { scratch } from '../../harness/scratch.ts';
import { type Sshd, type SshdOptions, startSshd } from '../../harness/sshd.ts';
import { until } from '../../harness/until.ts';

const run = promisify(execFile);

async function machine(options?: SshdOptions): Promise<Sshd> {
  const sshd = await startSshd(options);
  onTestFinished(() => sshd.stop());
  return sshd;
}

const ssh = async (sshd: Sshd, command: string): Promise<string> =>
  (await run('ssh', ['-F', sshd.sshConfigFile, '-o', 'BatchMode=yes', sshd.alias, command])).stdout.trim();

it('lets its login in, in a home of its own, with its variables', async () => {
  const sshd = await machine({ env: { COLOUR: 'dark blue' } });
  expect(await ssh(sshd, 'cd; pwd; echo $COLOUR')).toBe(`${sshd.home}\ndark blue`);
});

it('refuses what it shall refuse', async () => {
  const sshd = await machine({ maxSessions: 0 });
  await expect(ssh(sshd, 'true')).rejects.toThrow();
});

it('knows its programs, and a halt ends them', async () => {
  const sshd = await machine();
  const child = spawn('ssh', ['-F', sshd.sshConfigFile, sshd.alias, 'sleep 1000'], { stdio: 'ignore' });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  await until(() => sshd.programs().some((one) => one.commandLine === 'sleep 1000'));
  expect(sshd.sessions().length).toBeGreaterThan(0);
  await sshd.halt();
  await ended;
  expect(sshd.programs()).toEqual([]);
  await sshd.restart();
  expect(await ssh(sshd, 'echo back')).toBe('back');
});

it('shows another host key when asked, which ssh refuses', async () => {
  const sshd = await machine();
  await sshd.restart({ hostKeys: [await makeKey(`${scratch()}/other`)] });
  await expect(ssh(sshd, 'true')).rejects.toThrow('REMOTE HOST IDENTIFICATION HAS CHANGED');
});

it('leaves nothing', async () => {
  const sshd = await startSshd();
  await sshd.stop();
  expect(existsSync(sshd.folder)).toBe(false);
  if (sshd.user.startsWith('mcpa-t')) await expect(run('id', [sshd.user])).rejects.toThrow();
});
