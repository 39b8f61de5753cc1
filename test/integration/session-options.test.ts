/** SetEnv, SendEnv and ForwardAgent reach the programs on the machine, with either backend. */
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { SshPlan } from '../../src/config/plan.ts';
import { createSshDialer } from '../../src/link/backend.ts';
import { scratch } from '../harness/scratch.ts';
import { type Sshd, startSshd } from '../harness/sshd.ts';
import { startAgent } from './openssh-agent.ts';
import { hostPlan, never, owned, run, testDeps } from './openssh-setup.ts';

let sshd: Sshd;
beforeAll(async () => {
  sshd = await startSshd({ config: ['AcceptEnv SET_* SENT_*'] });
});
afterAll(() => sshd.stop());

const CLIENT = { SENT_ONE: 'from the client', SENT_TWO: 'two', OTHER: 'stays here' };

async function said(lines: readonly string[], command: string, plan: Partial<SshPlan>, target = sshd, env = {}) {
  const configFile = join(scratch(), 'config');
  copyFileSync(target.sshConfigFile, configFile);
  writeFileSync(configFile, lines.join('\n'), { flag: 'a' });
  const host = hostPlan(target, { ...plan, configFile });
  const deps = testDeps();
  const dialer = createSshDialer(host, { ...deps, env: { ...deps.env, ...CLIENT, ...env } });
  const transport = await owned(dialer.dial(never));
  await run(transport, 'true');
  return (await run(transport, command)).output;
}

describe.each(['ssh2', 'openssh'] as const)('%s', (backend) => {
  it('logs in as a user whose name holds a backslash, named by ssh_config or by the hosts file', async () => {
    const domain = await startSshd({ userSuffix: '\\me' });
    onTestFinished(() => domain.stop());
    // Without root there is no such user, and nothing to see.
    expect(domain.user.endsWith('\\me')).toBe(process.getuid?.() === 0);
    expect(await said([], 'whoami', { backend }, domain)).toBe(`${domain.user}\n`);
    const named = { backend, host: domain.host, port: domain.port, user: domain.user };
    expect(await said([], 'whoami', named, domain)).toBe(`${domain.user}\n`);
  });

  it('SetEnv and SendEnv, what SetEnv says first; what nobody named stays here', async () => {
    const lines = ['SendEnv SENT_* OTHER', 'SetEnv SET_ONE="a b=c" SENT_TWO=set'];
    const command = 'echo "$SET_ONE|$SENT_ONE|$SENT_TWO|$OTHER|"';
    expect(await said(lines, command, { backend })).toBe('a b=c|from the client|set||\n');
  });

  it('the agent only where the hosts file asks for it, whatever ssh_config says', async () => {
    const agent = await startAgent([sshd.identityFile]);
    const env = { SSH_AUTH_SOCK: agent.socket };
    const list = 'ssh-add -l 2>&1';
    expect(await said(['ForwardAgent yes'], list, { backend }, sshd, env)).not.toContain('SHA256:');
    expect(await said([], list, { backend, forwardAgent: true }, sshd, env)).toContain('SHA256:');
  });

  it('a machine that forwards no agent is used without one', async () => {
    const strict = await startSshd({ config: ['AllowAgentForwarding no'] });
    onTestFinished(() => strict.stop());
    const agent = await startAgent([]);
    const env = { SSH_AUTH_SOCK: agent.socket };
    const answer = await said([], 'echo "in|$SSH_AUTH_SOCK|"', { backend, forwardAgent: true }, strict, env);
    expect(answer).toBe('in||\n');
  });
});
