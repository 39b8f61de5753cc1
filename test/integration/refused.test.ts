/** A host that refused us is tried again by itself once something changed that may let us in: once, and never without. */
import { execFileSync } from 'node:child_process';
import { appendFileSync, copyFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { HostPlan } from '../../src/config/plan.ts';
import type { Link, LinkDeps } from '../../src/link/contract.ts';
import { createHostLink } from '../../src/link/create.ts';
import { makeKey } from '../harness/keys.ts';
import { scratch } from '../harness/scratch.ts';
import { type Sshd, startSshd } from '../harness/sshd.ts';
import { until } from '../harness/until.ts';
import { HEARTBEAT, linkDeps, RECONNECT, sshHost } from './launch-support.ts';
import { startAgent } from './openssh-agent.ts';

/** Some looks long. */
const SOME_LOOKS_MS = 10_000;

async function machine(): Promise<Sshd> {
  const sshd = await startSshd();
  onTestFinished(() => sshd.stop());
  return sshd;
}

interface Setting {
  readonly sshd: Sshd;
  readonly folder: string;
  readonly link: Link;
  /** The key file of its ssh_config; what lies there lets nobody in yet. */
  readonly identity: string;
  readonly knownHosts: string;
  /** Times that it began to connect. */
  readonly attempts: () => number;
}

interface Options {
  readonly agent?: string;
  readonly known?: boolean;
}

async function setting({ agent, known = true }: Options = {}): Promise<Setting> {
  const sshd = await machine();
  const folder = scratch();
  const identity = join(folder, 'id_box');
  const plan = planOf(sshd, folder, identity);
  const knownHosts = plan.ssh?.knownHostsFiles[0] ?? '';
  if (!known) writeFileSync(knownHosts, '');
  const link = linkOf(plan, { ...linkDeps(folder), env: { ...linkDeps(folder).env, SSH_AUTH_SOCK: agent } });
  return { sshd, folder, link, identity, knownHosts, attempts: attemptsOf(link) };
}

function planOf(sshd: Sshd, folder: string, identity: string): HostPlan {
  const config = join(folder, 'ssh_config');
  const lines = ['HostName 127.0.0.1', `User ${sshd.user}`, `IdentityFile ${identity}`];
  writeFileSync(config, `Host ${sshd.alias}\n  ${lines.join('\n  ')}\n`);
  const plan = sshHost(sshd, folder);
  return { ...plan, ssh: plan.ssh === undefined ? undefined : { ...plan.ssh, configFile: config } };
}

function linkOf(plan: HostPlan, deps: LinkDeps): Link {
  const link = createHostLink(plan, { reconnect: RECONNECT, heartbeat: HEARTBEAT }, deps);
  onTestFinished(() => link.close());
  return link;
}

async function refused(link: Link, code: string): Promise<void> {
  link.wake('the test begins');
  await until(() => link.state.kind === 'refused', { what: () => `refused, not ${link.state.kind}` });
  expect(link.state).toMatchObject({ cause: { code } });
}

/** What changes before the first look counts as changed during the attempt; nothing tells when that look is over. */
function firstLook(): Promise<void> {
  return wait(1_000);
}

async function connects(link: Link, withinMs = 8_000): Promise<void> {
  await until(() => link.state.kind === 'ready', { withinMs, what: () => `ready, not ${link.state.kind}` });
}

/** A slow machine may see two connections of one: a fresh one stands by where nothing has come for two seconds. */
function attemptsOf(link: Link): () => number {
  let attempts = 0;
  link.onChange(({ from, to }) => {
    if (to.kind === 'connecting' && from.kind !== 'connecting') attempts += 1;
  });
  return () => attempts;
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

describe('a host that refused us', () => {
  it('is there again soon after an agent began anew with the key', { timeout: 40_000 }, async () => {
    const socket = join(scratch(), 'agent');
    const { sshd, link, attempts } = await setting({ agent: socket });
    await refused(link, 'AUTH_FAILED');
    await startAgent([sshd.identityFile], socket);
    await connects(link);
    expect(attempts()).toBe(2);
  });

  it('is there again once the agent was given the key', { timeout: 40_000 }, async () => {
    const other = await makeKey(join(scratch(), 'other'));
    const { socket } = await startAgent([other.path]);
    const { sshd, link, attempts } = await setting({ agent: socket });
    await refused(link, 'AUTH_FAILED');
    await firstLook();
    execFileSync('ssh-add', ['-q', sshd.identityFile], {
      env: { ...process.env, SSH_AUTH_SOCK: socket },
      stdio: 'ignore',
    });
    await connects(link, 20_000);
    expect(attempts()).toBe(2);
  });

  it.each([0, 1_000])(
    'is there again once its key file is the right one, %d ms later',
    { timeout: 40_000 },
    async (laterMs) => {
      const { sshd, link, identity, folder, attempts } = await setting();
      await makeKey(identity);
      await refused(link, 'AUTH_FAILED');
      await wait(laterMs);
      expect(attempts()).toBe(1);
      const next = join(folder, 'next');
      copyFileSync(sshd.identityFile, next);
      renameSync(next, identity);
      await connects(link);
      expect(attempts()).toBe(2);
    },
  );

  it('is tried again once its key was accepted by somebody else', { timeout: 40_000 }, async () => {
    const { sshd, link, knownHosts, attempts } = await setting({ known: false });
    await refused(link, 'HOST_KEY_UNKNOWN');
    await firstLook();
    expect(attempts()).toBe(1);
    // As `trust` in another process.
    appendFileSync(knownHosts, `[127.0.0.1]:${String(sshd.port)} ${sshd.hostKeys[0]?.publicKey ?? ''}\n`);
    await expect.poll(() => attempts(), { timeout: 8_000 }).toBe(2);
    await until(() => link.state.kind === 'refused' && link.state.cause.code === 'AUTH_FAILED');
  });

  it('is there again once its ssh configuration names another key', { timeout: 40_000 }, async () => {
    const { sshd, link, folder, identity, attempts } = await setting();
    await makeKey(identity);
    await refused(link, 'AUTH_FAILED');
    planOf(sshd, folder, sshd.identityFile);
    await connects(link);
    expect(attempts()).toBe(2);
  });

  it('is not tried again when nothing changed that matters', { timeout: 60_000 }, async () => {
    const key = await makeKey(join(scratch(), 'agent-key'));
    const { socket } = await startAgent([key.path]);
    const { link, identity, knownHosts, folder, attempts } = await setting({ agent: socket });
    await makeKey(identity);
    await refused(link, 'AUTH_FAILED');
    await firstLook();
    const before = attempts();
    utimesSync(identity, new Date(), new Date());
    appendFileSync(knownHosts, `another.example ${key.publicKey}\n`);
    appendFileSync(join(folder, 'ssh_config'), 'Host another\n  User nobody\n');
    await wait(2 * SOME_LOOKS_MS);
    expect(attempts()).toBe(before);
    expect(link.state.kind).toBe('refused');
  });

  it('is tried once for each change that does not help, and never again for the same', {
    timeout: 60_000,
  }, async () => {
    const { link, identity, folder, attempts } = await setting();
    await makeKey(identity);
    await refused(link, 'AUTH_FAILED');
    const first = join(folder, 'first');
    copyFileSync(identity, first);
    const second = await makeKey(join(folder, 'second'));
    rmSync(identity);
    copyFileSync(second.path, identity);
    await expect.poll(() => attempts(), { timeout: 8_000 }).toBe(2);
    await expect.poll(() => link.state.kind).toBe('refused');
    copyFileSync(first, identity);
    await wait(SOME_LOOKS_MS);
    expect(attempts()).toBe(2);
    expect(link.state.kind).toBe('refused');
  });
});
