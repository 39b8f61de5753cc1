/** The words of the command line, on the grammar that the program uses. */
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { createGrammar } from '../../../docs/generate/commands.ts';
import { startRequest } from '../../../src/cli/fast-path.ts';
import { nearCommand, withSynonyms } from '../../../src/cli/words.ts';

const words = (line: string): string[] => line.split(' ').filter((word) => word !== '');

describe('withSynonyms', () => {
  it.each([
    ['ls', 'tools'],
    ['list gpu1 --json', 'tools gpu1 --json'],
    ['--config ls hosts', '--config ls status'],
    ['--json dashboard', '--json dash'],
    ['up', 'daemon'],
    ['version', '--version'],
    ['-v', '--version'],
    ['--no-color -v tools', '--no-color --version tools'],
    // Not before the command, so no question for the version.
    ['doctor -v', 'doctor -v'],
    ['secret ls', 'secret ls'],
    ['call ls', 'call ls'],
    ['call t --help', 'tools t'],
    ['--config f call --arg a=--help t', '--config f call --arg a=--help t'],
    ['--config f call --arg a=1 t -h --json', '--config f tools t --json'],
    ['call --help', 'call --help'],
    ['call t --config f --help', 'tools t --config f'],
    ['constructor', 'constructor'],
    ['', ''],
  ])('%j is %j', (line, meant) => {
    expect(withSynonyms(words(line))).toEqual(words(meant));
  });
});

it.each(['--version', '-V', '-v', 'version'])('%s is answered on the fast path', (word) => {
  expect(startRequest([word], true)).toEqual({ kind: 'version' });
});

it.each([
  ['delete', 'rm'],
  ['log', 'logs'],
  ['run', 'call'],
  ['statsu', 'status'],
  ['toString', undefined],
  ['xyzzyx', undefined],
])('somebody who typed %s meant %s', (word, meant) => {
  expect(nearCommand(word, ['rm', 'logs', 'call', 'status', 'stats'])).toBe(meant);
});

describe('the help', () => {
  const visible = (parent: Command): Command[] =>
    parent
      .createHelp()
      .visibleCommands(parent)
      .flatMap((command) => [command, ...visible(command)]);
  const helpOf = (command: Command): string => {
    let text = '';
    command.configureOutput({
      writeOut: (more) => {
        text += more;
      },
    });
    command.outputHelp();
    return text;
  };

  it('has the commands in groups', () => {
    const text = helpOf(createGrammar());
    const headings = [...text.matchAll(/^([A-Z][a-z ]+):$/gm)].map(([, heading]) => heading);
    expect(headings).toEqual(['Options', 'Start', 'Look', 'Do', 'Daemon', 'Hosts file', 'Shell']);
  });

  it('shows examples on the page of each command', () => {
    const pages = visible(createGrammar()).filter((command) => visible(command).length === 0);
    expect(pages.length).toBeGreaterThan(30);
    expect(pages.filter((command) => !/^Examples:$/m.test(helpOf(command))).map((command) => command.name())).toEqual(
      [],
    );
  });
});
