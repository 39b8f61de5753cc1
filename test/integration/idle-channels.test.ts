/** A machine whose sshd ends idle channels (ChannelTimeout, OpenSSH 9.2 and later). */
import { execFileSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { SshBackend } from '../../src/config/plan.ts';
import { reportHosts } from '../../src/control/status.ts';
import { isAlive } from '../harness/processes.ts';
import { startSshd } from '../harness/sshd.ts';
import { until } from '../harness/until.ts';
import { hostOf, remote, rig } from './recovery-kit.ts';

function knowsChannelTimeout(): boolean {
  try {
    execFileSync('/usr/sbin/sshd', ['-T', '-o', 'ChannelTimeout=session:*=3s'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

describe.skipIf(!knowsChannelTimeout()).each<SshBackend>(['ssh2', 'openssh'])('over %s', (backend) => {
  it('a server that was ended for its silence has not crashed, and the next call starts it at once', async () => {
    const sshd = await startSshd({ config: ['ChannelTimeout session:*=3s'] });
    onTestFinished(() => sshd.stop());
    const board = `${sshd.folder}/failing`;
    writeFileSync(board, '');
    writeFileSync(`${board}.starts`, '');
    chmodSync(`${board}.starts`, 0o666);
    const host = hostOf(sshd, [remote(sshd, 'echo', 'failing.mjs', { argv: [board] })]);
    if (host.ssh === undefined) throw new Error('a host without ssh');
    const { client, gateway, events } = await rig([{ ...host, ssh: { ...host.ssh, backend } }], ['box__echo__pid']);
    for (let round = 0; round < 3; round++) {
      const answer = await client.text('box__echo__pid');
      const pid = Number(answer);
      expect(pid, answer).toBeGreaterThan(0);
      // Not only the process is gone: we have been told.
      const state = (): string | undefined => reportHosts(gateway)[0]?.servers[0]?.state;
      const what = (): string => `the server to be idle, not ${state()}`;
      await until(() => !isAlive(pid) && state() === 'idle', { withinMs: 15_000, what });
    }
    const state = reportHosts(gateway)[0]?.servers[0];
    expect(state?.state, JSON.stringify(state)).not.toMatch(/crash|failed/);
    expect(events().filter((event) => JSON.stringify(event).includes('SERVER_EXITED'))).toEqual([]);
    expect(Number(await client.text('box__echo__pid'))).toBeGreaterThan(0);
  });
});
