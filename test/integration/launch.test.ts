/** The launcher through real login shells of a real sshd. */
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { scratch } from '../harness/scratch.ts';
import { type Sshd, type SshdOptions, startSshd } from '../harness/sshd.ts';
import { until } from '../harness/until.ts';
import { errorsOf, launchOf, NEVER, outputOf, sshLink } from './launch-support.ts';

const machines: Sshd[] = [];

async function machine(options?: SshdOptions): Promise<Sshd> {
  const sshd = await startSshd(options);
  machines.push(sshd);
  return sshd;
}

afterEach(async () => {
  await Promise.all(machines.splice(0).map((sshd) => sshd.stop()));
});

const SHELLS = ['/bin/dash', '/bin/bash', '/bin/zsh', '/usr/bin/fish', '/bin/tcsh', '/bin/mksh'];
const AWKWARD = `it's "q" $HOME \`x\` \\n é漢ă\nsecond line !event *\n`;

describe.each(SHELLS)('through %s, with start files that print garbage', (shell) => {
  it('arguments, variables, folder and exit code arrive unchanged', async () => {
    const sshd = await machine({ shell, homeFiles: 'noisy' });
    mkdirSync(join(sshd.home, 'my dir'), { mode: 0o755 });
    const link = sshLink(sshd);
    const script = `printf '%s|%s|' "$1" "$VALUE"; pwd; cat; echo to stderr >&2; exit 7`;
    const launch = launchOf('/bin/sh', ['-c', script, 'sh', AWKWARD], {
      env: new Map([['VALUE', AWKWARD]]),
      cwd: '~/my dir',
    });
    const channel = await link.open(launch, NEVER);
    channel.input.end('from stdin\n');
    const errors = errorsOf(channel);
    expect(await outputOf(channel)).toBe(`${AWKWARD}|${AWKWARD}|${sshd.home}/my dir\nfrom stdin\n`);
    expect(await errors).toContain('to stderr\n');
    expect(await errors).not.toContain('Terminated');
    expect(await channel.ended).toMatchObject({ kind: 'exited', code: 7 });
    await link.close();
    await sshd.quiet();
  });
});

describe('the login shell’s environment', () => {
  const profiles = { '.profile': 'PATH="$HOME/tools:$PATH"; export PATH\n' };

  it('is learned on first contact, and used again without asking', async () => {
    const asked = `${profiles['.profile']}echo asked >>"$HOME/asked"\n`;
    const sshd = await machine({ shell: '/bin/sh', homeFiles: { '.profile': asked } });
    addTool(sshd, 'my-tool');
    const cacheDir = scratch();
    for (let start = 0; start < 2; start += 1) {
      const link = sshLink(sshd, { cacheDir });
      expect(await outputOf(await link.open(launchOf('my-tool'), NEVER))).toBe('my-tool runs\n');
      expect(link.environment?.variables.get('PATH')).toContain(`${sshd.home}/tools`);
      await link.close();
    }
    expect(readFileSync(join(sshd.home, 'asked'), 'utf8')).toBe('asked\n');
  });

  it('is asked once when several programs start at first contact', async () => {
    const sshd = await machine({ homeFiles: { '.profile': 'echo asked >>"$HOME/asked"\n' } });
    const link = sshLink(sshd);
    const texts = [1, 2, 3, 4].map(async (n) => outputOf(await link.open(launchOf('echo', [String(n)]), NEVER)));
    expect(await Promise.all(texts)).toEqual(['1\n', '2\n', '3\n', '4\n']);
    expect(readFileSync(join(sshd.home, 'asked'), 'utf8')).toBe('asked\n');
  });

  it('is asked anew for a command that was installed since', async () => {
    const sshd = await machine();
    const cacheDir = scratch();
    const before = sshLink(sshd, { cacheDir });
    const missing = await before.open(launchOf('my-tool'), NEVER);
    expect(await missing.started).toBeUndefined();
    expect(missing.failure).toMatchObject({ code: 'COMMAND_NOT_FOUND', host: 'box' });
    expect(missing.failure?.message).toContain('my-tool');
    expect(await outputOf(missing)).toBe('');
    expect(await missing.ended).toMatchObject({ kind: 'exited', code: 127 });
    await outputOf(await before.open(launchOf('true'), NEVER));
    addTool(sshd, 'my-tool');
    writeFileSync(join(sshd.home, '.profile'), profiles['.profile']);
    expect(await outputOf(await before.open(launchOf('my-tool'), NEVER))).toBe('my-tool runs\n');
  });

  it('that hangs is given up after its limit, and the program starts all the same', async () => {
    const sshd = await machine({ homeFiles: { '.profile': 'sleep 1000\n' } });
    const link = sshLink(sshd);
    const began = performance.now();
    expect(await outputOf(await link.open(launchOf('echo', ['hello']), NEVER))).toBe('hello\n');
    expect(performance.now() - began).toBeLessThan(20_000);
    // Not again for the next one.
    const again = performance.now();
    expect(await outputOf(await link.open(launchOf('echo', ['again']), NEVER))).toBe('again\n');
    expect(performance.now() - again).toBeLessThan(8_000);
    await link.close();
    await sshd.quiet();
  });

  it('leaves alone what a start file started, and is not held up by it', async () => {
    const sshd = await machine({ homeFiles: { '.profile': 'setsid sleep 1000 &\n' } });
    const link = sshLink(sshd);
    const began = performance.now();
    expect(await outputOf(await link.open(launchOf('echo', ['hello']), NEVER))).toBe('hello\n');
    expect(performance.now() - began).toBeLessThan(8_000);
    await link.close();
    await until(() => sshd.programs().length === 1, { what: () => JSON.stringify(sshd.programs()) });
    expect(sshd.programs()[0]?.commandLine).toBe('sleep 1000');
  });
});

it('a folder that is not there is named', async () => {
  const sshd = await machine();
  const channel = await sshLink(sshd).open(launchOf('pwd', [], { cwd: '~/nowhere' }), NEVER);
  expect(await channel.started).toBeUndefined();
  expect(channel.failure).toMatchObject({ code: 'CWD_MISSING' });
  expect(await channel.ended).toMatchObject({ kind: 'exited', code: 96 });
});

it('a variable name that no shell takes is refused before anything runs', async () => {
  const sshd = await machine();
  const opening = sshLink(sshd).open(launchOf('pwd', [], { env: new Map([['my-name', 'x']]) }), NEVER);
  await expect(opening).rejects.toMatchObject({ code: 'CONFIG_INVALID', host: 'box' });
});

it('secrets are in no process list', async () => {
  const sshd = await machine();
  const secret = 'correct-horse-battery';
  const channel = await sshLink(sshd).open(launchOf('cat', [], { env: new Map([['TOKEN', secret]]) }), NEVER);
  await channel.started;
  expect(sshd.programs().length).toBeGreaterThan(0);
  expect(sshd.programs().filter(({ commandLine }) => commandLine.includes(secret))).toEqual([]);
});

function addTool(sshd: Sshd, name: string): void {
  mkdirSync(join(sshd.home, 'tools'), { mode: 0o755, recursive: true });
  const file = join(sshd.home, 'tools', name);
  writeFileSync(file, `#!/bin/sh\necho ${name} runs\n`);
  chmodSync(file, 0o755);
}
