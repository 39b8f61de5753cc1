/** Passphrases and codes, with a daemon that has no terminal. */
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { HostStatus } from '../../../src/api/status.ts';
import { programVersion } from '../../../src/gateway/open.ts';
import { printed } from '../../harness/control.ts';
import { endpointFor } from '../../harness/daemon-process.ts';
import { openFace } from '../../harness/face.ts';
import { startFakeDaemon } from '../../harness/fake-daemon.ts';
import { filesWith } from '../../harness/files.ts';
import { fixture, writeHostsFile } from '../../harness/hosts-file.ts';
import { makeKey } from '../../harness/keys.ts';
import { runProgram } from '../../harness/program.ts';
import { makeSandbox } from '../../harness/sandbox.ts';
import { scratch } from '../../harness/scratch.ts';
import { startSshd } from '../../harness/sshd.ts';
import { runInTerminal } from '../../harness/terminal.ts';
import { until } from '../../harness/until.ts';

const SECRET = 'open sesame 4711';

async function locked(): Promise<string> {
  const sshd = await startSshd();
  const key = await makeKey(join(scratch(), 'id_locked'), 'ed25519', SECRET);
  sshd.authorize(key.publicKey);
  return writeHostsFile({ box: { sshd, identityFile: key.path, servers: { echo: fixture(sshd, 'echo.mjs') } } }).path;
}

describe('a passphrase that a daemon needs', () => {
  it('waits in the daemon, is asked by the next command on a terminal, and opens the way for everybody', async () => {
    const [file, sandbox] = [await locked(), makeSandbox()];
    // As an AI client is: nobody can be asked here.
    const face = await openFace(file, sandbox);
    const host = async (): Promise<HostStatus | undefined> => (await face.request('status', {})).hosts[0];
    await expect.poll(async () => (await face.request('snapshot', {})).prompts).toHaveLength(1);
    expect((await face.request('snapshot', {})).prompts).toMatchObject([
      { host: 'box', kind: 'passphrase', echo: false },
    ]);
    const waiting = await runProgram(['status', '--config', file], sandbox);
    expect(waiting.stdout).toContain('it waits for a person: Passphrase for');
    expect(waiting.stdout).toContain(`next mcp-anywhere --config ${file} status, in a terminal`);
    expect(waiting.code).toBe(3);
    const call = await runProgram(['explain', 'box', '--json', '--config', file], sandbox);
    expect(printed('explain', call.stdout)).toMatchObject({
      hint: 'mcp-anywhere status, in a terminal: it asks there',
    });

    const terminal = runInTerminal(['status', '--config', file], sandbox);
    await terminal.shows(/Passphrase for/);
    terminal.type(`${SECRET}\r`);
    await terminal.shows('● up');
    expect(await terminal.exit).toBe(0);
    expect((await host())?.state).toBe('ready');
    expect((await face.request('snapshot', {})).prompts).toEqual([]);
    await face.request('call', { tool: 'box__echo__where', arguments: {} });
    expect(terminal.text()).not.toContain('sesame');
    for (const folder of [sandbox.cacheDir, sandbox.stateDir, sandbox.runtimeDir])
      expect(filesWith(folder, ['sesame'])).toEqual([]);
  });

  it('can be answered through the control API, and the terminal that asks as well lets go', async () => {
    const [file, sandbox] = [await locked(), makeSandbox()];
    const face = await openFace(file, sandbox);
    const prompts = await until(async () => {
      const now = (await face.request('snapshot', {})).prompts;
      return now.length === 1 && now;
    });
    const terminal = runInTerminal(['status', '--config', file], sandbox);
    await terminal.shows(/Passphrase for/);
    await face.request('prompt/answer', { id: prompts[0]?.id ?? 0, answer: SECRET });
    await terminal.shows('● up');
    expect(await terminal.exit).toBe(0);
  });

  it('that was declined is asked again by the next command on a terminal', async () => {
    const [file, sandbox] = [await locked(), makeSandbox()];
    const face = await openFace(file, sandbox);
    const prompts = await until(async () => {
      const now = (await face.request('snapshot', {})).prompts;
      return now.length === 1 && now;
    });
    await face.request('prompt/answer', { id: prompts[0]?.id ?? 0, answer: null });
    await expect.poll(async () => (await face.request('status', {})).hosts[0]?.state).toBe('refused');
    const status = await runProgram(['status', '--json', '--config', file], sandbox);
    expect(printed('status', status.stdout).hosts[0]?.cause?.code).toBe('NO_TTY');
    expect(status.code).toBe(3);
    const terminal = runInTerminal(['status', '--config', file], sandbox);
    await terminal.shows(/Passphrase for/);
    terminal.type(`${SECRET}\r`);
    await terminal.shows('● up');
    expect(await terminal.exit).toBe(0);
  });

  it('is asked through SSH_ASKPASS where that is there', async () => {
    const askpass = join(scratch(), 'askpass');
    writeFileSync(askpass, `#!/bin/sh\necho '${SECRET}'\n`);
    chmodSync(askpass, 0o755);
    const sandbox = makeSandbox({ SSH_ASKPASS: askpass, SSH_ASKPASS_REQUIRE: 'force' });
    const outcome = await runProgram(['tools', '--config', await locked()], sandbox);
    expect(outcome.stdout).toContain('box__echo__where');
    expect(outcome.code).toBe(0);
  });
});

it('`trust` prints no name or file of a machine that steers the terminal', async () => {
  const sandbox = makeSandbox();
  const file = join(sandbox.home, 'hosts.yaml');
  writeFileSync(file, 'version: 1\nhosts: {}\n');
  const evil = (text: string): string => `${text}\u001B]0;pwn\u0007\u202E`;
  const keys = [{ type: evil('ssh-ed25519'), fingerprint: evil('SHA256:abc') }];
  const candidate = { name: evil('machine'), keys, verdict: 'unknown', file: evil('/known_hosts') } as const;
  const daemon = await startFakeDaemon(endpointFor(file, sandbox), programVersion(), {
    'trust/scan': () => ({ candidates: [candidate] }),
  });
  onTestFinished(() => daemon.stop());
  const run = runInTerminal(['trust', 'box', '--config', file], sandbox);
  await run.shows(/Trust machine and write its keys to/);
  run.type('n');
  expect(await run.exit).not.toBe(0);
  expect(run.text()).toContain('machine shows:');
  expect(run.text()).not.toMatch(/pwn|\u202E/);
});
