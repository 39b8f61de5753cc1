import { describe, expect, it } from 'vitest';
import { candidatesFor, configIn } from '../../../src/cli/completion.ts';
import type { CliIo } from '../../../src/cli/context.ts';
import { createProgram } from '../../../src/cli/program.ts';
import type { KnownNames } from '../../../src/daemon/start.ts';

const names: KnownNames = {
  hosts: ['gpu1', 'nas'],
  servers: ['gpu1/files', 'nas/media'],
  tools: ['gpu1__files__read', 'nas__media__play'],
};

async function complete(...words: string[]): Promise<readonly string[]> {
  const io = { program: { version: '1', node: '', file: '' } } as CliIo;
  const { program } = createProgram(io, () => Promise.resolve());
  const { words: found, files } = await candidatesFor(program, words, () => Promise.resolve(names));
  return files ? [':files', ...found] : found;
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

  it('asks for names only where they are wanted', async () => {
    const io = { program: { version: '1', node: '', file: '' } } as CliIo;
    const { program } = createProgram(io, () => Promise.resolve());
    const unwanted = (): Promise<KnownNames> => Promise.reject(new Error('asked'));
    expect((await candidatesFor(program, ['st'], unwanted)).words).toContain('status');
  });

  it('finds the hosts file that is named on the line', () => {
    expect(configIn(['--config', 'a.yaml', 'restart', ''])).toBe('a.yaml');
    expect(configIn(['restart', '--config', 'a.yaml'])).toBeUndefined();
    expect(configIn(['restart', ''])).toBeUndefined();
  });
});
