/** Values that are looked up on the machine when a program starts, under every shell. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Word } from '../../../src/launch/contract.ts';
import { makeFolder } from '../../harness/folder.ts';
import { launch, run, SHELLS } from './run-launcher.ts';

const folder = makeFolder('public');
afterAll(() => {
  folder.remove();
});

/** A login shell whose start files set variables. */
const login = join(folder.path, 'loginsh');
writeFileSync(
  login,
  '#!/bin/sh\nFROM_LOGIN="of the login shell" ; export FROM_LOGIN\nfor last; do :; done\nexec /bin/sh -c "$last"\n',
  { mode: 0o755 },
);
const first = `SHELL=${login};export SHELL;SET='a  "b" $c';export SET;EMPTY=;export EMPTY;`;
const PRINT = 'for n in $0 "$@";do eval "printf \'%s=[%s]\\n\' $n \\"\\${$n-unset}\\"";done';

async function valuesOf(shell: readonly string[], env: Record<string, Word>, envFile?: Word) {
  const names = Object.keys(env);
  const [one = 'NONE', ...more] = envFile === undefined ? names : [...names, 'ONE', 'TWO', 'THREE', 'FOUR', 'FIVE'];
  const what = launch('/bin/sh', ['-c', PRINT, one, ...more], { env: new Map(Object.entries(env)), envFile });
  const { output, errors } = await run(shell, what, { first });
  return {
    values: Object.fromEntries(
      [...output.matchAll(/^(\w+)=\[(.*?)\]$/gms)].map(([, name = '', value]) => [name, value]),
    ),
    errors,
  };
}

describe.each(SHELLS.map((shell) => [shell.join(' '), shell] as const))('under %s', (_name, shell) => {
  it('takes variables of the session and of the login shell', async () => {
    const { values, errors } = await valuesOf(shell, {
      A: [{ variable: 'SET' }],
      B: ['Bearer ', { variable: 'FROM_LOGIN' }, '!'],
      C: [{ variable: 'NOWHERE' }],
      D: ['x', { variable: 'NOWHERE' }, 'y'],
      E: 'literal $SET "q" \'s\' `id`',
      F: [{ variable: 'EMPTY', fallback: 'def' }],
    });
    expect(values).toEqual({
      A: 'a  "b" $c',
      B: 'Bearer of the login shell!',
      C: 'unset',
      D: 'xy',
      E: 'literal $SET "q" \'s\' `id`',
      F: 'def',
    });
    expect(errors).toBe(
      "MCP-Anywhere: the variable NOWHERE, which the server's entry refers to, is not set on this machine\n",
    );
  });

  it('takes any default as text', async () => {
    const odd = `it's "$HOME" \`id\` \\ } { $(id) \${X} \n next!`;
    const { values, errors } = await valuesOf(shell, { A: ['<', { variable: 'NOWHERE', fallback: odd }, '>'] });
    expect(values).toEqual({ A: `<${odd}>` });
    expect(errors).toBe('');
  });

  it('looks at the values before its own', async () => {
    const { values } = await valuesOf(shell, { SET: 'mine', A: [{ variable: 'SET' }] });
    expect(values).toEqual({ SET: 'mine', A: 'a  "b" $c' });
  });

  it('reads files, in arguments too', async () => {
    mkdirSync(join(folder.path, 'a b'), { recursive: true });
    const file = join(folder.path, 'a b', "key's");
    writeFileSync(file, 'line 1\nline $2\n');
    const { output } = await run(shell, launch('/bin/echo', [['<', { file }, '>'], [{ variable: 'SET' }]]), { first });
    expect(output).toBe('<line 1\nline $2> a  "b" $c\n');
  });

  it('reads a file of variables, which its own values outrank', async () => {
    const envFile = join(folder.path, 'env file');
    writeFileSync(
      envFile,
      '# c\nONE=1 # kept\r\nexport TWO="two words"\n  THREE = \'$HOME\'\nBAD-NAME=1\nnothing\nFIVE=file\n=x\nFOUR=`id`',
    );
    const { values } = await valuesOf(shell, { FIVE: 'own' }, envFile);
    expect(values).toEqual({ ONE: '1 # kept', TWO: 'two words', THREE: '$HOME', FOUR: '`id`', FIVE: 'own' });
    const missing = await valuesOf(shell, { A: 'a' }, [`${folder.path}/nowhere`]);
    expect(missing.values['A']).toBe('a');
    expect(missing.errors).toMatch(/^MCP-Anywhere: the envFile .*nowhere cannot be read\n$/);
  });
});
