/** `init` in a real terminal, with real machines: keys, filter, interruption, narrow terminals, no colours. */
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Sandbox } from '../../harness/sandbox.ts';
import { scratch } from '../../harness/scratch.ts';
import { giveNpx, makeSshHome } from '../../harness/ssh-home.ts';
import { type Sshd, startSshd } from '../../harness/sshd.ts';
import { runInTerminal, type TerminalRun } from '../../harness/terminal.ts';

const [ENTER, TAB, DOWN, CTRL_C] = ['\r', '\t', '\u001b[B', '\u0003'];

async function machine(): Promise<Sshd> {
  const sshd = await startSshd();
  onTestFinished(() => sshd.stop());
  giveNpx(sshd);
  return sshd;
}

const fileOf = ({ configDir }: Sandbox): string => join(configDir, 'mcp-anywhere', 'config.yaml');
const stateOf = ({ stateDir }: Sandbox): string => join(stateDir, 'mcp-anywhere', 'init.json');
const textOf = (path: string): string => (existsSync(path) ? readFileSync(path, 'utf8') : '');

async function answer(run: TerminalRun, question: string | RegExp, keys: string): Promise<void> {
  await run.shows(question);
  run.type(keys);
}

/** Filters, picks and goes on. */
async function pick(run: TerminalRun, filter: string): Promise<void> {
  await answer(run, 'Which machines?', filter);
  await run.shows(filter);
  run.type(TAB);
  await run.shows('◼');
  run.type(ENTER);
}

describe('the wizard', () => {
  it('is what the program does without a hosts file, and leads to an answered tool', async () => {
    const sshd = await machine();
    const others = Array.from({ length: 300 }, (_, index) => `Host other${String(index)}\n`).join('');
    const sandbox = makeSshHome({ box: { sshd } }, others);
    mkdirSync(join(sandbox.home, '.cursor'));
    const run = runInTerminal([], sandbox);
    await run.shows('Which machines?');
    expect(run.text()).not.toContain('other40');
    run.type('her29');
    await run.shows('(11 matches)');
    run.type('\u007f\u007f\u007f\u007f\u007f');
    await run.shows(/Search: +type to filter|Search:.*_/);
    await pick(run, 'box');
    await run.shows(/✓ box: Linux .*node \d/);
    await run.shows(/✓ .* by ssh-ed25519[^]*round trip/);
    await run.shows(sshd.hostKeys[0]?.fingerprint ?? '');
    await answer(run, 'Which servers?', ENTER);
    await run.shows(/✓ box\/files: \d+ tools?, \d/);
    await run.shows('+      files:');
    await answer(run, /Write .*config\.yaml\?/, ENTER);
    await run.shows(/Created .*1 host, 1 server/);
    await answer(run, 'Add MCP-Anywhere to which AI clients?', ENTER);
    await run.shows('was added to');
    await run.shows('Next: mcp-anywhere tools');
    expect(await run.exit).toBe(0);
    expect(textOf(fileOf(sandbox))).toContain('  box:\n');
    expect(textOf(join(sandbox.home, '.cursor/mcp.json'))).toContain('"anywhere"');
    expect(existsSync(stateOf(sandbox))).toBe(false);

    const tools = runInTerminal(['tools'], sandbox);
    await tools.shows('box__files__echo');
    expect(await tools.exit).toBe(0);
  });

  it('takes a machine that is in no file, as it is typed', async () => {
    const sshd = await machine();
    const sandbox = makeSshHome(
      {},
      `Host 127-0-0-1\n  UserKnownHostsFile ${sshd.knownHostsFile}\n  IdentityFile ${sshd.identityFile}\n`,
    );
    const run = runInTerminal(['init'], sandbox);
    const typed = `${sshd.user}@127.0.0.1:${String(sshd.port)}`;
    await pick(run, typed);
    await run.shows(/✓ 127-0-0-1: Linux/);
    await answer(run, 'Which servers?', ENTER);
    await answer(run, /Write .*\?/, ENTER);
    await run.shows('Created');
    expect(await run.exit).toBe(0);
    expect(textOf(fileOf(sandbox))).toContain(
      `host: 127.0.0.1\n      user: ${sshd.user}\n      port: ${String(sshd.port)}`,
    );
  });

  it('shows the fingerprint of an unknown key, and trusts it only after a yes', async () => {
    const sshd = await machine();
    const known = join(scratch(), 'known_hosts');
    const sandbox = makeSshHome({ box: { sshd, knownHostsFile: known } });
    const run = runInTerminal(['init', '--hosts', 'box'], sandbox);
    await run.shows('Compare the fingerprint');
    expect(run.text()).toContain(sshd.hostKeys[0]?.fingerprint);
    run.type(ENTER);
    await run.shows('box cannot be used now. What next?');
    expect(existsSync(known)).toBe(false);
    run.type(ENTER);
    await run.shows(/Compare the fingerprint[^]*Compare the fingerprint/);
    run.type('y');
    await run.shows(/✓ box: Linux/);
    expect(textOf(known)).toContain(`[127.0.0.1]:${String(sshd.port)}`);
    await answer(run, 'Which servers?', CTRL_C);
    expect(await run.exit).toBe(130);
  });

  it('takes no key that was typed before the question', async () => {
    const sshd = await machine();
    const known = join(scratch(), 'known_hosts');
    const sandbox = makeSshHome({ box: { sshd, knownHostsFile: known } });
    const run = runInTerminal(['init', '--hosts', 'box'], sandbox);
    run.type('y\ry\r');
    await run.shows('Compare the fingerprint');
    await run.shows(/○ Yes \/ ● No/);
    run.type(ENTER);
    await run.shows('box cannot be used now. What next?');
    expect(existsSync(known)).toBe(false);
    run.type(CTRL_C);
    expect(await run.exit).toBe(130);
  });

  it('does not search for the space of somebody who wants to select', async () => {
    const sshd = await machine();
    const run = runInTerminal(['init'], makeSshHome({ box: { sshd } }));
    await answer(run, 'Which machines?', 'box ');
    await run.shows(/Search: box .*\n.*◻ box/);
    run.type(TAB);
    await run.shows('◼ box');
    run.type(CTRL_C);
    expect(await run.exit).toBe(130);
  });

  it('asks whether the servers of AI clients on a machine count', async () => {
    const sshd = await machine();
    mkdirSync(join(sshd.home, '.cursor'));
    const notes = { command: process.execPath, args: [join(sshd.servers, 'echo.mjs')] };
    writeFileSync(join(sshd.home, '.cursor/mcp.json'), JSON.stringify({ mcpServers: { notes } }));
    const sandbox = makeSshHome({ box: { sshd } });
    for (const [keys, isThere] of [
      [TAB + ENTER, false],
      [ENTER, true],
    ] as const) {
      const run = runInTerminal(['init', '--hosts', 'box'], sandbox);
      await run.shows('AI clients there have notes (cursor)');
      await answer(run, /Also start the servers that AI clients[^]*◼ box: notes/, keys);
      await answer(run, 'Which servers?', ENTER);
      await answer(run, /Write .*\?/, ENTER);
      expect(await run.exit).toBe(0);
      expect(textOf(fileOf(sandbox)).includes('discover: true')).toBe(isThere);
    }
  });

  it('asks what to do with a machine that is down, and can add it anyway', async () => {
    const [sshd, other] = await Promise.all([machine(), machine()]);
    const sandbox = makeSshHome({ box: { sshd }, down: { sshd: other, port: 1 }, gone: { sshd: other, port: 1 } });
    const run = runInTerminal(['init', '--hosts', 'box,down,gone'], sandbox);
    await answer(run, 'down cannot be used now', DOWN + DOWN + ENTER);
    await answer(run, 'gone cannot be used now', DOWN + ENTER);
    await answer(run, 'Which servers?', ENTER);
    await answer(run, /Write .*\?/, ENTER);
    await run.shows('2 hosts, 1 server');
    expect(await run.exit).toBe(0);
    expect(textOf(fileOf(sandbox))).toMatch(/# could not be reached .*\n {2}down:\n/);
    expect(textOf(fileOf(sandbox))).not.toContain('gone');
  });
});

describe('an interrupted wizard', () => {
  it.each([
    ['Ctrl-C', (run: TerminalRun) => run.type(CTRL_C), 130],
    ['SIGTERM', (run: TerminalRun) => process.kill(run.pid, 'SIGTERM'), 130],
    ['SIGHUP, as of a closed terminal', (run: TerminalRun) => process.kill(run.pid, 'SIGHUP'), 130],
    ['SIGKILL', (run: TerminalRun) => process.kill(run.pid, 'SIGKILL'), -9],
  ])('by %s leaves nothing half-written, and continues next time', async (_name, interrupt, exit) => {
    const sshd = await machine();
    const sandbox = makeSshHome({ box: { sshd }, other: { sshd } });
    const run = runInTerminal(['init'], sandbox);
    await pick(run, 'box');
    await answer(run, 'Which servers?', ENTER);
    await run.shows(/Write .*\?/);
    interrupt(run);
    expect(await run.exit).toBe(exit);
    expect(existsSync(fileOf(sandbox))).toBe(false);
    expect(statSync(stateOf(sandbox)).mode & 0o777).toBe(0o600);
    expect(JSON.parse(textOf(stateOf(sandbox)))).toEqual({
      file: fileOf(sandbox),
      hosts: ['box'],
      servers: ['box/files'],
    });
    await sshd.quiet();

    const again = runInTerminal(['init'], sandbox);
    await answer(again, /You had picked box\. Continue there\?/, ENTER);
    await answer(again, /Write .*\?/, ENTER);
    await again.shows('1 host, 1 server');
    expect(await again.exit).toBe(0);
    expect(again.text()).not.toMatch(/Which machines|Which servers/);
    expect(existsSync(stateOf(sandbox))).toBe(false);
    expect(textOf(fileOf(sandbox))).toContain('  box:\n');
  });

  it('after the file was written goes on with the AI clients, and can begin anew', async () => {
    const sshd = await machine();
    const sandbox = makeSshHome({ box: { sshd } });
    mkdirSync(join(sandbox.home, '.cursor'));
    const run = runInTerminal(['init', '--hosts', 'box'], sandbox);
    await answer(run, 'Which servers?', ENTER);
    await answer(run, /Write .*\?/, ENTER);
    await answer(run, 'Add MCP-Anywhere to which AI clients?', CTRL_C);
    expect(await run.exit).toBe(130);
    expect(existsSync(join(sandbox.home, '.cursor/mcp.json'))).toBe(false);

    const anew = runInTerminal(['init'], sandbox);
    await answer(anew, 'The hosts file is written', 'n');
    await answer(anew, 'Which machines?', CTRL_C);
    expect(await anew.exit).toBe(130);
    expect(existsSync(stateOf(sandbox))).toBe(false);
  });

  it('goes on from a written file to the AI clients', async () => {
    const sshd = await machine();
    const sandbox = makeSshHome({ box: { sshd } });
    mkdirSync(join(sandbox.home, '.cursor'));
    const run = runInTerminal(['init', '--hosts', 'box'], sandbox);
    await answer(run, 'Which servers?', ENTER);
    await answer(run, /Write .*\?/, ENTER);
    await answer(run, 'Add MCP-Anywhere to which AI clients?', CTRL_C);
    expect(await run.exit).toBe(130);
    const again = runInTerminal(['init'], sandbox);
    await answer(again, 'The hosts file is written', ENTER);
    await answer(again, 'Add MCP-Anywhere to which AI clients?', ENTER);
    await again.shows('was added to');
    expect(await again.exit).toBe(0);
    expect(textOf(join(sandbox.home, '.cursor/mcp.json'))).toContain('"anywhere"');
  });
});

describe('the look of the wizard', () => {
  it('fits a terminal of 30 columns', async () => {
    const sshd = await machine();
    const long = 'a-machine-with-a-name-that-is-longer-than-the-terminal';
    const sandbox = makeSshHome({ box: { sshd } }, `Host ${long}\n  HostName very-long-host-name.example.net\n`);
    const run = runInTerminal(['init'], sandbox, { columns: 30, rows: 30 });
    await run.shows('Which machines?');
    for (const key of [DOWN, DOWN, DOWN]) run.type(key);
    await pick(run, 'box');
    await answer(run, 'Which servers?', ENTER);
    await run.shows(/box\/files: \d+ tool/);
    await answer(run, /Write /, ENTER);
    await run.shows('Created');
    expect(await run.exit).toBe(0);
    // A question that lost count of its rows would leave its earlier rows behind.
    expect(run.text().match(/Which machines\?/g)).toHaveLength(1);
    expect(run.text().match(/Which servers\?/g)).toHaveLength(1);
  });

  it('has no colours with NO_COLOR or --no-color, and some without', async () => {
    const sshd = await machine();
    const coloured = /\u001b\[(?:3[0-7]|9[0-7])m/;
    for (const [env, words, has] of [
      [{}, [], false],
      [{ NO_COLOR: '' }, ['--no-color'], false],
      [{ NO_COLOR: '' }, [], true],
    ] as const) {
      const run = runInTerminal([...words, 'init', '--hosts', 'box'], makeSshHome({ box: { sshd } }), { env });
      await run.shows('Which servers?');
      expect(coloured.test(run.written())).toBe(has);
      run.type(CTRL_C);
      expect(await run.exit).toBe(130);
    }
  });
});
