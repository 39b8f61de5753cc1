/** Nothing of the openssh backend outlives its process; the user's own master is used when asked for, and outlives us. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { SshPlan } from '../../src/config/plan.ts';
import { createOpensshDialer } from '../../src/openssh/dialer.ts';
import { descendants, gone, isAlive, withCommandLine } from '../harness/processes.ts';
import { type Sshd, startSshd } from '../harness/sshd.ts';
import { until } from '../harness/until.ts';
import { hostPlan, never, run, testDeps } from './openssh-setup.ts';

let sshd: Sshd;
beforeAll(async () => {
  sshd = await startSshd();
});
afterAll(() => sshd.stop());

const VICTIM = fileURLToPath(new URL('openssh-victim.ts', import.meta.url));

/** Runs the victim until it is connected and `command` printed something. */
async function connectedVictim(
  ssh: Partial<SshPlan>,
  runtimeDir: string,
  command = 'echo started; exec cat',
): Promise<{ process: ChildProcess; said: string }> {
  const options = JSON.stringify({ host: hostPlan(sshd, ssh), runtimeDir, command });
  const victim = spawn(process.execPath, ['--import', 'tsx', VICTIM, options], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => {
    victim.kill('SIGKILL');
  });
  const [said] = (await once(victim.stdout, 'data')) as [Buffer];
  return { process: victim, said: said.toString().trim() };
}

async function kill(victim: ChildProcess): Promise<void> {
  victim.kill('SIGKILL');
  await once(victim, 'exit');
}

describe('killed with SIGKILL', () => {
  it('leaves no ssh here and no program there', async () => {
    const { runtimeDir } = testDeps();
    const { process: victim } = await connectedVictim({}, runtimeDir);
    const ours = descendants(victim.pid ?? 0).filter((one) => one.name !== 'node');
    expect(ours.some((one) => one.name === 'ssh')).toBe(true);
    expect(sshd.programs()).not.toEqual([]);
    await kill(victim);
    await gone(() => ours.filter((one) => isAlive(one.pid)), 5000);
    await sshd.quiet(5000);
    await expect.poll(() => sshd.sessions()).toHaveLength(0);
  });

  it('in the middle of a login leaves nothing either', async () => {
    const { runtimeDir } = testDeps();
    const silent = await import('node:net').then(({ createServer }) => createServer(() => undefined));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void silent.close());
    const { port } = silent.address() as { port: number };
    const options = JSON.stringify({ host: hostPlan(sshd, { port }), runtimeDir, command: 'cat' });
    const victim = spawn(process.execPath, ['--import', 'tsx', VICTIM, options], { stdio: 'ignore' });
    onTestFinished(() => {
      victim.kill('SIGKILL');
    });
    const found = (): ReturnType<typeof withCommandLine> => withCommandLine(`${runtimeDir}/ssh-`);
    await until(() => found().some((one) => one.name === 'ssh'));
    await kill(victim);
    await expect.poll(found, { timeout: 5_000 }).toEqual([]);
  });

  it('its folder is swept by the next dial', async () => {
    const deps = testDeps();
    const { process: victim } = await connectedVictim({}, deps.runtimeDir);
    await kill(victim);
    const left = readdirSync(deps.runtimeDir);
    expect(left).toHaveLength(1);
    const transport = await createOpensshDialer(hostPlan(sshd), deps).dial(never);
    expect(readdirSync(deps.runtimeDir)).not.toContain(left[0]);
    await transport.close();
  });
});

describe("the user's own master", () => {
  /** As `ssh -M` in a terminal; ended with the test. */
  async function userMaster(): Promise<string> {
    const folder = testDeps().runtimeDir;
    const path = join(folder, 'master');
    const master = spawn(
      'ssh',
      ['-F', sshd.sshConfigFile, '-M', '-N', '-o', 'ControlPersist=no', '-S', path, sshd.alias],
      { stdio: 'ignore' },
    );
    onTestFinished(() => {
      master.kill();
    });
    await until(() => existsSync(path));
    return path;
  }

  function configWith(controlPath: string): string {
    const file = join(testDeps().homeDir, 'config');
    mkdirSync(join(file, '..'), { recursive: true });
    execFileSync('cp', [sshd.sshConfigFile, file]);
    appendFileSync(file, `  ControlPath ${controlPath}\n`);
    return file;
  }

  const check = (path: string): string =>
    execFileSync('ssh', ['-S', path, '-O', 'check', 'x'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

  it('carries our programs when the hosts file says so, and lives on after us', async () => {
    const path = await userMaster();
    const deps = testDeps();
    const dialer = createOpensshDialer(
      hostPlan(sshd, { configFile: configWith(path), reuseControlMaster: true }),
      deps,
    );
    const transport = await dialer.dial(never);
    expect(dialer.backend()).toBe('openssh (control master)');
    expect(existsSync(deps.runtimeDir) && readdirSync(deps.runtimeDir)).toEqual([]);
    expect((await run(transport, 'cat', 'shared')).output).toBe('shared');
    const channel = await transport.exec('exec cat', never);
    await transport.close();
    expect(await channel.ended).toEqual({ kind: 'closed' });
    expect(() => check(path)).not.toThrow();
    await sshd.quiet();
  });

  it('keeps nothing of ours when we are killed', async () => {
    const path = await userMaster();
    const { runtimeDir } = testDeps();
    const { process: victim, said } = await connectedVictim(
      { configFile: configWith(path), reuseControlMaster: true },
      runtimeDir,
    );
    expect(said).toBe('ready openssh (control master)');
    expect(sshd.programs()).not.toEqual([]);
    await kill(victim);
    await sshd.quiet();
    expect(() => check(path)).not.toThrow();
  });

  it('is left alone without being asked for', async () => {
    const path = await userMaster();
    const dialer = createOpensshDialer(hostPlan(sshd, { configFile: configWith(path) }), testDeps());
    const transport = await dialer.dial(never);
    expect(dialer.backend()).toBe('openssh');
    await transport.close();
  });

  it('that is gone makes us connect ourselves', async () => {
    const dialer = createOpensshDialer(
      hostPlan(sshd, { configFile: configWith('/nonexistent/master'), reuseControlMaster: true }),
      testDeps(),
    );
    const transport = await dialer.dial(never);
    expect(dialer.backend()).toBe('openssh');
    await transport.close();
  });

  it('that ends is a lost connection', async () => {
    const path = await userMaster();
    const dialer = createOpensshDialer(
      hostPlan(sshd, { configFile: configWith(path), reuseControlMaster: true }),
      testDeps(),
    );
    const transport = await dialer.dial(never);
    const channel = await transport.exec('cat', never);
    execFileSync('ssh', ['-S', path, '-O', 'exit', 'x'], { stdio: 'ignore' });
    expect(await transport.ended).toMatchObject({ cause: { code: 'LINK_LOST' } });
    expect(await channel.ended).toMatchObject({ kind: 'lost' });
  });
});
