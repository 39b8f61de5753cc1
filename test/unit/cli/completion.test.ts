import { describe, expect, it } from 'vitest';
import { candidatesFor, configIn } from '../../../src/cli/completion.ts';
import type { CliIo } from '../../../src/cli/context.ts';
import { createProgram } from '../../../src/cli/program.ts';
import type { KnownNames } from '../../../src/daemon/start.ts';

const names: KnownNames = {
  hosts: ['gpu1', 'nas'],
  servers: ['gpu1/files', 'nas/media'],
  tools: [
    {
      name: 'gpu1__files__read',
      definition: {
        description: 'Reads a file. Slowly.',
        inputSchema: {
          properties: {
            path: { type: 'string', description: 'where' },
            mode: { enum: ['text', 'bytes'] },
            follow: { type: 'boolean' },
          },
          required: ['path'],
        },
      },
    },
    { name: 'nas__media__play', definition: undefined },
  ],
};

async function complete(...words: string[]): Promise<readonly string[]> {
  const io = { program: { version: '1', node: '', file: '' } } as CliIo;
  const { program } = createProgram(io, () => Promise.resolve());
  const { words: found, files } = await candidatesFor(program, words, () => Promise.resolve(names));
  const plain = found.map(({ word }) => word);
  return files ? [':files', ...plain] : plain;
}

describe('completion', () => {
  it('knows the commands, without the hidden ones', async () => {
    expect(await complete('re')).toEqual(['restart', 'reload']);
    expect(await complete('')).toContain('status');
    expect(await complete('__')).toEqual([]);
    expect(await complete('config', '')).toEqual(['path', 'validate', 'schema', 'trust']);
  });

  it.each([
    [
      ['restart', ''],
      ['gpu1', 'nas', 'gpu1/files', 'nas/media'],
    ],
    [['restart', 'gpu1/'], ['gpu1/files']],
    [
      ['doctor', ''],
      ['gpu1', 'nas'],
    ],
    [['call', 'nas'], ['nas__media__play']],
    [
      ['call', 'gpu1__files__read', '--arg', ''],
      ['path=', 'mode=', 'follow='],
    ],
    [['call', 'gpu1__files__read', '-a', 'pa'], ['path=']],
    [
      ['call', 'gpu1__files__read', '-a', 'path=x', '-a', 'mode='],
      ['mode=text', 'mode=bytes'],
    ],
    [['call', 'gpu1__files__read', '--arg', 'follow=t'], ['follow=true']],
    [['call', 'gpu1__files__read', '--arg', 'path='], []],
    [['call', 'nas__media__play', '--arg', ''], []],
    [['call', 'unknown', '--arg', ''], []],
    [
      ['enable', ''],
      ['gpu1/files', 'nas/media'],
    ],
    [['server', 'r'], ['rm']],
    [
      ['rm', ''],
      ['gpu1', 'nas'],
    ],
    [['server', 'disable', 'gpu'], ['gpu1/files']],
    [['server', 'add', 'npx', '-y', 'x', '--host', 'n'], ['nas']],
    [['explain', 'HOST_KEY_R'], ['HOST_KEY_REVOKED']],
    [['explain', 'nas/'], ['nas/media']],
    [['serve', '--transparent', 'g'], ['gpu1/files']],
    [
      ['completion', ''],
      ['bash', 'zsh', 'fish'],
    ],
    [
      ['logs', '--stream', 's'],
      ['stderr', 'stdout-noise', 'ssh'],
    ],
    [['--json', '--log-level', 'in'], ['info']],
    [
      ['--json', 'restart', 'n'],
      ['nas', 'nas/media'],
    ],
    [
      ['install', 'cursor', 'vs'],
      ['vscode', 'vscode-insiders'],
    ],
    [['logs', '--fo'], ['--follow']],
    [['logs', '--js'], ['--json']],
    [['status', ''], []],
    [['restart', 'gpu1', ''], []],
    [['--config', ''], [':files']],
    [['config', 'validate', ''], [':files']],
  ])('%j offers %j', async (words, expected) => {
    expect(await complete(...words)).toEqual(expected);
  });

  it('describes commands, options, codes, tools and arguments', async () => {
    const io = { program: { version: '1', node: '', file: '' } } as CliIo;
    const { program } = createProgram(io, () => Promise.resolve());
    const about = async (...words: string[]): Promise<string | undefined> =>
      (await candidatesFor(program, words, () => Promise.resolve(names))).words[0]?.about;
    expect(await about('stat')).toMatch(/^shows which hosts/);
    expect(await about('logs', '--fo')).toMatch(/^keep/);
    expect(await about('explain', 'AUTH_F')).toMatch(/\w+ /);
    expect(await about('call', 'gpu')).toBe('Reads a file.');
    expect(await about('call', 'gpu1__files__read', '--arg', 'pa')).toBe('required, text, where');
    expect(await about('call', 'gpu1__files__read', '--arg', 'mo')).toBe('text|bytes');
  });

  it('asks for names only where they are wanted', async () => {
    const io = { program: { version: '1', node: '', file: '' } } as CliIo;
    const { program } = createProgram(io, () => Promise.resolve());
    const unwanted = (): Promise<KnownNames> => Promise.reject(new Error('asked'));
    expect((await candidatesFor(program, ['st'], unwanted)).words.map(({ word }) => word)).toContain('status');
  });

  it('finds the hosts file that is named on the line', () => {
    expect(configIn(['--config', 'a.yaml', 'restart', ''])).toBe('a.yaml');
    expect(configIn(['restart', '--config', 'a.yaml'])).toBeUndefined();
    expect(configIn(['restart', ''])).toBeUndefined();
  });
});
