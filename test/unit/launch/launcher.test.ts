/** The launcher's line, run by every shell that may be /bin/sh. */
import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LAUNCH_COMMAND, launcherLine } from '../../../src/launch/launcher.ts';
import { KNOWN, launch, run, SCRIPT, SHELLS } from './run-launcher.ts';

const AWKWARD = 'it\'s "q" $HOME `x` \\n \\ \u0081\u0088 é漢 ă *\n!\tlast\n';

describe.each(SHELLS)('run by %s %s', (...shell) => {
  it.each(['input', 'output', 'learned'] as const)('everything arrives unchanged, watching the %s', async (watch) => {
    const what = launch(
      'sh',
      ['-c', 'printf "%s|%s|%s|" "$1" "$V" "$PWD"; cat; echo apart >&2; exit 7', 'sh', AWKWARD],
      {
        env: new Map([
          ['V', AWKWARD],
          ['_Mx', 'no matter'],
        ]),
        cwd: '~/bin',
      },
    );
    const ran = await run(shell, what, { watch, stdin: 'first\nsecond' });
    expect(ran.output).toBe(`${AWKWARD}|${AWKWARD}|/usr/bin|first\nsecond`);
    expect(ran.errors).toBe('apart\n');
    expect(ran.code).toBe(7);
    expect(ran.preamble?.end.kind).toBe('ready');
  });

  it('a probe is answered and used', async () => {
    const ran = await run(shell, launch('sh', ['-c', 'echo "$PATH"']), { learn: true });
    expect(ran.preamble?.environment?.variables.get('PATH')).toBe(ran.output.trim());
    expect(ran.preamble?.environment?.system).toBe(spawnSync('uname', ['-sm'], { encoding: 'utf8' }).stdout.trim());
  });

  it('a missing command and a missing folder are told apart', async () => {
    expect(await run(shell, launch('no-such-command'))).toMatchObject({
      preamble: { end: { kind: 'no-command' } },
      code: 127,
    });
    expect(await run(shell, launch('true', [], { cwd: '/nowhere' }))).toMatchObject({
      preamble: { end: { kind: 'no-folder' } },
      code: 96,
    });
  });

  it('a program that ends by a signal ends quietly', async () => {
    const ran = await run(shell, launch('sh', ['-c', 'kill -TERM $$']));
    expect(ran).toMatchObject({ code: 143, errors: '' });
  });

  it('a PATH without the shell’s helpers harms nobody but the program', async () => {
    const ran = await run(
      shell,
      launch('/bin/sh', ['-c', 'echo "$PATH"; /bin/cat'], { env: new Map([['PATH', '/nowhere']]) }),
      { stdin: 'x' },
    );
    expect(ran).toMatchObject({ output: '/nowhere\nx', code: 0 });
  });
});

it.each(SHELLS)('any text arrives as it was through %s %s', async (...shell) => {
  const text = fc.string({ unit: 'binary', maxLength: 60 }).filter((candidate) => !candidate.includes('\0'));
  const args = fc.sample(text, 300).map((one) => Buffer.from(one).toString());
  const ran = await run(shell, launch('printf', ['%s\\0', ...args]));
  expect(ran.output.split('\0').slice(0, -1)).toEqual(args);
});

describe('launcherLine', () => {
  const options = { nonce: '00112233445566778899aabbccddeeff', environment: KNOWN, watch: 'input' as const };

  it('refuses what no program can be given', () => {
    const code = { code: 'CONFIG_INVALID' };
    expect(() => launcherLine(launch('a\0b'), options)).toThrow(expect.objectContaining(code));
    expect(() => launcherLine(launch('a', ['b\0']), options)).toThrow(expect.objectContaining(code));
    expect(() => launcherLine(launch('a', [], { env: new Map([['a-b', '']]) }), options)).toThrow(
      expect.objectContaining(code),
    );
    expect(() => launcherLine(launch('a', [], { env: new Map([['A', 'x'.repeat(131_072)]]) }), options)).toThrow(
      expect.objectContaining(code),
    );
  });

  it('takes no nonce that a shell could read as more', () => {
    expect(() => launcherLine(launch('a'), { ...options, nonce: 'x;rm -rf' })).toThrow(TypeError);
  });

  it('names no secret in the command that everybody sees', () => {
    expect(LAUNCH_COMMAND).toBe(`exec /bin/sh -c '${SCRIPT}'`);
  });
});
