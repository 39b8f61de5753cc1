/** Getting to know machines, and what doctor says of the way to them. */
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DoctorStep } from '../../src/api/control.ts';
import type { HostPlan } from '../../src/config/plan.ts';
import { inspectHost } from '../../src/link/inspect.ts';
import { acceptKey, scanHost } from '../../src/link/trust.ts';
import { makeKey } from '../harness/keys.ts';
import { scratch } from '../harness/scratch.ts';
import { type Sshd, startSshd } from '../harness/sshd.ts';
import { dial, hostOf, hostPlan, never, sshPlan, testDeps } from './ssh2-kit.ts';

let jump: Sshd;
let sshd: Sshd;
beforeAll(async () => {
  [jump, sshd] = await Promise.all([startSshd(), startSshd({ hostKeyTypes: ['ed25519', 'rsa', 'ecdsa'] })]);
});
afterAll(() => Promise.all([jump.stop(), sshd.stop()]));

const fingerprint = (of: Sshd): string => of.hostKeys.find((key) => key.type === 'ed25519')?.fingerprint ?? '';

describe('trust', () => {
  it('shows all keys of an unknown machine without logging in, and writes the named one', async () => {
    const file = join(scratch(), 'ssh', 'known_hosts');
    const host = hostOf(sshd, { knownHostsFiles: [file] });
    const [candidate, ...more] = await scanHost(host, testDeps(), never());
    expect(more).toEqual([]);
    expect(candidate).toMatchObject({ name: `[127.0.0.1]:${sshd.port}`, verdict: 'unknown', file });
    expect(new Set(candidate?.keys.map((key) => key.fingerprint))).toEqual(
      new Set(sshd.hostKeys.map((key) => key.fingerprint)),
    );
    expect(existsSync(file)).toBe(false);
    expect(
      await acceptKey(host, { name: candidate?.name ?? '', fingerprint: fingerprint(sshd) }, testDeps(), never()),
    ).toEqual({ file });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(
      readFileSync(file, 'utf8')
        .split('\n')
        .filter((line) => line !== ''),
    ).toHaveLength(1);
    await (await dial(host)).close();
    expect(await scanHost(host, testDeps(), never())).toMatchObject([{ verdict: 'known', file }]);
  });

  it('never writes a key that the machine does not show', async () => {
    const file = join(scratch(), 'known_hosts');
    const host = hostOf(sshd, { knownHostsFiles: [file] });
    const other = await makeKey(join(scratch(), 'other'));
    const name = `[127.0.0.1]:${sshd.port}`;
    await expect(acceptKey(host, { name, fingerprint: other.fingerprint }, testDeps(), never())).rejects.toMatchObject({
      code: 'HOST_KEY_CHANGED',
    });
    await expect(
      acceptKey(host, { name: 'elsewhere', fingerprint: fingerprint(sshd) }, testDeps(), never()),
    ).rejects.toMatchObject({ code: 'HOST_KEY_UNKNOWN' });
    expect(existsSync(file)).toBe(false);
  });

  it('never adds to a machine that is known by another key, or whose key is revoked', async () => {
    const other = await makeKey(join(scratch(), 'other'));
    const name = `[127.0.0.1]:${sshd.port}`;
    for (const [line, verdict, code] of [
      [`${name} ${other.publicKey}`, 'changed', 'HOST_KEY_CHANGED'],
      [
        `@revoked * ${sshd.hostKeys.find((key) => key.type === 'ed25519')?.publicKey ?? ''}`,
        'revoked',
        'HOST_KEY_REVOKED',
      ],
    ] as const) {
      const file = join(scratch(), 'known_hosts');
      writeFileSync(file, `${line}\n`);
      const host = hostOf(sshd, { knownHostsFiles: [file] });
      expect(await scanHost(host, testDeps(), never())).toMatchObject([{ verdict, cause: { code } }]);
      await expect(
        acceptKey(host, { name, fingerprint: fingerprint(sshd) }, testDeps(), never()),
      ).rejects.toMatchObject({ code });
      expect(readFileSync(file, 'utf8')).toBe(`${line}\n`);
    }
  });

  it('hashes the name where ssh would', async () => {
    const file = join(scratch(), 'known_hosts');
    const config = join(scratch(), 'config');
    writeFileSync(config, `HashKnownHosts yes\nInclude ${sshd.sshConfigFile}\n`);
    const host = hostOf(sshd, { configFile: config, knownHostsFiles: [file] });
    await acceptKey(host, { name: `[127.0.0.1]:${sshd.port}`, fingerprint: fingerprint(sshd) }, testDeps(), never());
    expect(readFileSync(file, 'utf8')).toMatch(/^\|1\|/);
    await (await dial(host)).close();
  });

  it('writes into a file whose path holds spaces, and into no other', async () => {
    const folder = scratch();
    const config = join(folder, 'config');
    writeFileSync(config, `UserKnownHostsFile "${folder}/My Own Files/known hosts"\nInclude ${sshd.sshConfigFile}\n`);
    const host = hostOf(sshd, { configFile: config });
    const [candidate] = await scanHost(host, testDeps(), never());
    expect(candidate).toMatchObject({ verdict: 'unknown', file: `${folder}/My Own Files/known hosts` });
    await acceptKey(host, { name: candidate?.name ?? '', fingerprint: fingerprint(sshd) }, testDeps(), never());
    expect(readdirSync(folder, { recursive: true }).toSorted()).toEqual([
      'My Own Files',
      'My Own Files/known hosts',
      'config',
    ]);
    await (await dial(host)).close();
  });

  it('walks a jump host first: what lies behind is seen once it is trusted', async () => {
    const files = [join(scratch(), 'jump'), join(scratch(), 'target')] as const;
    const config = join(scratch(), 'config');
    const include = (of: Sshd, file: string, line = ''): string =>
      `Host ${of.alias}\n UserKnownHostsFile ${file}\n${line}\nMatch all\nInclude ${of.sshConfigFile}\n`;
    writeFileSync(config, include(jump, files[0]) + include(sshd, files[1], ` ProxyJump ${jump.alias}`));
    const host = hostPlan(sshPlan(sshd.alias, { configFile: config }));
    const deps = testDeps();
    expect(await scanHost(host, deps, never())).toMatchObject([
      { name: `[127.0.0.1]:${jump.port}`, verdict: 'unknown', file: files[0] },
    ]);
    await acceptKey(host, { name: `[127.0.0.1]:${jump.port}`, fingerprint: fingerprint(jump) }, deps, never());
    expect(await scanHost(host, deps, never())).toMatchObject([
      { verdict: 'known' },
      { name: `[127.0.0.1]:${sshd.port}`, verdict: 'unknown', file: files[1] },
    ]);
    await acceptKey(host, { name: `[127.0.0.1]:${sshd.port}`, fingerprint: fingerprint(sshd) }, deps, never());
    await (await dial(host, deps)).close();
  });
});

describe('doctor', () => {
  async function inspect(host: HostPlan): Promise<{ ok: boolean; steps: DoctorStep[] }> {
    const steps: DoctorStep[] = [];
    const ok = await inspectHost(host, testDeps(), (step) => steps.push(step), never());
    return { ok, steps };
  }

  it('reports each step of a login that works', async () => {
    const { ok, steps } = await inspect(hostOf(sshd));
    expect(ok).toBe(true);
    expect(steps.map((step) => `${step.outcome} ${step.check}`)).toEqual([
      'ok ssh-config',
      'ok agent',
      'ok host-key',
      'ok login',
    ]);
    expect(steps[0]?.text).toBe(`${sshd.alias} is ${sshd.user}@127.0.0.1:${sshd.port}`);
    expect(steps[3]?.text).toMatch(/by ssh-ed25519 SHA256:.*, round trip [\d.]+m?s, OpenSSH_\S+$/);
  });

  it('warns of what the ssh configuration sets in vain', async () => {
    const config = join(scratch(), 'config');
    writeFileSync(config, `ForwardAgent yes\nSendEnv MINE\nSetEnv HIS=secret\nInclude ${sshd.sshConfigFile}\n`);
    const { ok, steps } = await inspect(hostOf(sshd, { configFile: config }));
    expect(ok).toBe(true);
    const warnings = steps.filter(({ check, outcome }) => check === 'ssh-config' && outcome === 'warning');
    expect(warnings.map(({ text }) => text)).toEqual([
      expect.stringMatching(/^SendEnv MINE of the ssh configuration is not used: /),
      expect.stringMatching(/^ForwardAgent yes of the ssh configuration is not used: .*forwardAgent: true/),
    ]);
  });

  it('stops at an unknown key, with the command that helps', async () => {
    const { ok, steps } = await inspect(hostOf(sshd, { knownHostsFiles: ['/nowhere/known_hosts'] }));
    expect(ok).toBe(false);
    expect(steps.slice(2)).toMatchObject([
      { check: 'host-key', outcome: 'failed', cause: { code: 'HOST_KEY_UNKNOWN', hint: 'mcp-anywhere trust box' } },
      { check: 'login', outcome: 'skipped' },
    ]);
  });

  it('says what is wrong with the configuration, the line, or the key', async () => {
    expect((await inspect(hostOf(sshd, { configFile: '/nowhere/config' }))).steps).toMatchObject([
      { check: 'ssh-config', outcome: 'failed', cause: { code: 'SSH_CONFIG' } },
    ]);
    expect((await inspect(hostOf(sshd, { port: 1 }))).steps.at(-1)).toMatchObject({
      check: 'login',
      outcome: 'failed',
      cause: { code: 'HOST_UNREACHABLE' },
    });
  });
});
