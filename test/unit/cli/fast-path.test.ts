import { describe, expect, it } from 'vitest';
import { startRequest } from '../../../src/cli/fast-path.ts';

const nothing = { inProcess: false, config: undefined, logLevel: undefined };

describe('what the command line asks for', () => {
  it.each([
    [[], { kind: 'serve', ...nothing }],
    [['serve'], { kind: 'serve', ...nothing }],
    [['serve', '--in-process'], { kind: 'serve', ...nothing, inProcess: true }],
    [['--config', 'h.yaml'], { kind: 'serve', ...nothing, config: 'h.yaml' }],
    [
      ['--log-level', 'debug', 'serve', '--config', 'serve'],
      { kind: 'serve', ...nothing, config: 'serve', logLevel: 'debug' },
    ],
    [['--version'], { kind: 'version' }],
    [['-V'], { kind: 'version' }],
    [['status'], { kind: 'cli' }],
    [['serve', 'serve'], { kind: 'cli' }],
    [['serve', '--json'], { kind: 'cli' }],
    [['--config'], { kind: 'cli' }],
    [['--config', '--json'], { kind: 'cli' }],
    [['--config=h.yaml'], { kind: 'cli' }],
    [['--log-level', 'loud'], { kind: 'cli' }],
    [['--help'], { kind: 'cli' }],
  ])('%j on a pipe', (argv, expected) => {
    expect(startRequest(argv, false)).toEqual(expected);
  });

  it('leaves a person to the CLI', () => {
    expect(startRequest([], true)).toEqual({ kind: 'cli' });
    expect(startRequest(['serve'], true)).toEqual({ kind: 'cli' });
    expect(startRequest(['--version'], true)).toEqual({ kind: 'version' });
  });
});
