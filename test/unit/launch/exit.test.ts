import { describe, expect, it } from 'vitest';
import { exitError, launchError } from '../../../src/launch/exit.ts';

const LAUNCH = { command: 'npx', args: [], env: new Map<string, string>(), cwd: '~/work' };
const PLACE = { host: 'box', server: 'files' };

function ended(code: number | undefined, signal?: string) {
  return exitError(LAUNCH, { code, signal, errorLines: ['env: node: not found'] }, PLACE);
}

describe('what an end means', () => {
  it.each([
    [127, undefined, 'COMMAND_NOT_FOUND', 'npx or a program it starts was not found'],
    [126, undefined, 'SERVER_EXITED', 'cannot be executed'],
    [1, undefined, 'SERVER_EXITED', 'exit code 1'],
    [137, undefined, 'SERVER_EXITED', 'out of memory'],
    [143, undefined, 'SERVER_EXITED', 'signal TERM'],
    [undefined, 'SEGV', 'SERVER_EXITED', 'signal SEGV'],
    [undefined, undefined, 'SERVER_EXITED', 'without an exit code'],
  ])('code %s, signal %s', (code, signal, expected, text) => {
    const error = ended(code, signal);
    expect(error).toMatchObject({ code: expected, host: 'box', server: 'files', evidence: ['env: node: not found'] });
    expect(error.message).toContain(text);
  });

  it('names the folder and the command that the launcher missed', () => {
    expect(launchError('no-folder', LAUNCH, PLACE)).toMatchObject({ code: 'CWD_MISSING', host: 'box' });
    expect(launchError('no-folder', LAUNCH, PLACE).message).toContain('~/work');
    expect(launchError('no-command', LAUNCH, PLACE).message).toContain('npx');
  });
});
