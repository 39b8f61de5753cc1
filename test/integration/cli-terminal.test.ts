/** The command line in a real terminal: what only a person sees and is asked. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { filesWith } from '../harness/files.ts';
import { fixture, writeHostsFile } from '../harness/hosts-file.ts';
import { makeKey } from '../harness/keys.ts';
import { makeSandbox } from '../harness/sandbox.ts';
import { scratch } from '../harness/scratch.ts';
import { startSshd } from '../harness/sshd.ts';
import { runInTerminal } from '../harness/terminal.ts';

describe('without a command', () => {
  it('and without a hosts file it is `init`', async () => {
    const sandbox = makeSandbox();
    const run = runInTerminal([], sandbox);
    await run.shows('Which machines?');
    run.type('\u0003');
    expect(await run.exit).toBe(130);
    expect(existsSync(join(sandbox.configDir, 'mcp-anywhere'))).toBe(false);
  });

  it('and on a terminal that cannot show questions says what to do first', async () => {
    const sandbox = makeSandbox();
    const run = runInTerminal([], sandbox, { columns: 160, rows: 60, env: { TERM: 'dumb' } });
    await run.shows('All commands: mcp-anywhere --help');
    expect(await run.exit).toBe(0);
    expect(run.text()).toContain(join(sandbox.configDir, 'mcp-anywhere', 'config.yaml'));
    expect(run.text()).toContain('"command": ');
    expect(run.text()).toContain('dist/bin.js');
  });

  it('a hosts file that was named and is not there is an error', async () => {
    const run = runInTerminal(['--config', '/nowhere/hosts.yaml'], makeSandbox());
    await run.shows('CONFIG_NOT_FOUND');
    expect(await run.exit).toBe(6);
  });

  it('with a hosts file it is the dashboard', async () => {
    const here = { echo: { command: '/bin/sh', args: [join(process.cwd(), 'test/fixtures/servers/sh-echo.sh')] } };
    const run = runInTerminal(['--config', writeHostsFile({ here: { servers: here } }).path], makeSandbox());
    await run.shows(/here +● up/);
    run.type('q');
    expect(await run.exit).toBe(0);
  });
});

describe('a question', () => {
  it('whether a host is trusted is never answered by Enter alone', async () => {
    const sshd = await startSshd();
    const known = join(scratch(), 'known_hosts');
    const file = writeHostsFile({
      box: { sshd, knownHostsFile: known, servers: { echo: fixture(sshd, 'sh-echo.sh') } },
    }).path;
    const sandbox = makeSandbox();
    const doubtful = runInTerminal(['trust', 'box', '--config', file], sandbox);
    await doubtful.shows(/write its keys to/);
    expect(doubtful.text()).toContain(sshd.hostKeys[0]?.fingerprint);
    doubtful.type('\r');
    expect(await doubtful.exit).toBe(130);
    expect(existsSync(known)).toBe(false);

    const sure = runInTerminal(['trust', 'box', '--config', file], sandbox);
    await sure.shows(/write its keys to/);
    sure.type('y');
    await sure.shows('wrote ssh-ed25519');
    expect(await sure.exit).toBe(0);
    expect(readFileSync(known, 'utf8')).toContain(`[127.0.0.1]:${sshd.port}`);
  });

  it('for a passphrase shows nothing of the answer, which opens the connection', async () => {
    const sshd = await startSshd();
    const secret = 'open sesame 4711';
    const key = await makeKey(join(scratch(), 'id_locked'), 'ed25519', secret);
    sshd.authorize(key.publicKey);
    const file = writeHostsFile({
      box: { sshd, identityFile: key.path, servers: { echo: fixture(sshd, 'sh-echo.sh') } },
    }).path;
    const sandbox = makeSandbox();
    const run = runInTerminal(['tools', '--config', file], sandbox);
    await run.shows(/passphrase/i);
    run.type(`${secret}\r`);
    await run.shows('box__echo__');
    expect(await run.exit).toBe(0);
    expect(run.text()).not.toContain('sesame');
    for (const folder of [sandbox.cacheDir, sandbox.stateDir]) expect(filesWith(folder, ['sesame'])).toEqual([]);
  });
});
