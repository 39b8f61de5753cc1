/** The command line as a person meets it, run in this process. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { CliIo } from '../../../src/cli/context.ts';
import { runCli } from '../../../src/cli/main.ts';
import { createProgram } from '../../../src/cli/program.ts';
import { clientSnippet, welcomeText } from '../../../src/cli/start.ts';
import { scratch } from '../../harness/scratch.ts';

interface Outcome {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

function worldAt(homeDir: string): CliIo {
  const program = { node: '/opt/node/bin/node', file: '/opt/mcp/dist/bin.js', version: '1.0.0' };
  const env = { XDG_RUNTIME_DIR: homeDir };
  const streams = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() };
  const io = { ...streams, env, cwd: homeDir, homeDir, platform: process.platform, program };
  return { ...io, signal: new AbortController().signal } as unknown as CliIo;
}

async function run(...words: string[]): Promise<Outcome> {
  const io = worldAt(scratch());
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    io[name].on('data', (chunk) => {
      texts[name] += String(chunk);
    });
  const exit = await runCli(io, words);
  await new Promise((resolve) => setImmediate(resolve));
  return { exit, ...texts };
}

describe('help', () => {
  const { program } = createProgram(worldAt('/'), () => Promise.resolve());

  it.each(program.commands.map((command) => [command.name(), command] as const))(
    'of %s shows no default that is empty',
    (_name, command) => {
      expect(command.helpInformation()).not.toContain('(default: [])');
    },
  );

  it.each([
    [['help'], 'Usage: mcp-anywhere '],
    [['help', 'call'], 'Usage: mcp-anywhere call '],
    [['help', 'config', 'trust'], 'Usage: mcp-anywhere config trust '],
    [['config', 'help', 'trust'], 'Usage: mcp-anywhere config trust '],
  ])('%j is on stdout', async (words, usage) => {
    const { exit, stdout, stderr } = await run(...words);
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
    expect(stdout).toContain(usage);
  });

  it.each([
    [['help', 'nope'], 'There is no command `nope`.'],
    [['help', 'stauts'], 'There is no command `stauts`. Did you mean `status`?'],
    [['help', 'config', 'trsut'], 'There is no command `config trsut`. Did you mean `config trust`?'],
    [['config', 'help', 'nope'], 'There is no command `config nope`.'],
  ])('%j says what is wrong', async (words, sentence) => {
    const { exit, stdout, stderr } = await run(...words);
    expect({ exit, stdout }).toEqual({ exit: 2, stdout: '' });
    expect(stderr).toContain(sentence);
    expect(stderr).not.toContain('outputHelp');
  });
});

describe('a hosts file that is named and does not exist', () => {
  it.each([['status'], ['status', '--watch'], ['logs'], ['stop'], ['reload'], ['restart', 'gpu1'], ['enable', 'a/b']])(
    'is missed by %s',
    async (...words) => {
      const file = join(scratch(), 'none.yaml');
      const { exit, stderr } = await run(...words, '--config', file);
      expect(stderr).toContain('(CONFIG_NOT_FOUND)');
      expect(stderr).toContain(file);
      expect(exit).toBe(6);
    },
  );
});

describe('the first steps', () => {
  const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');

  it('begin with the same commands as in the README', () => {
    const { env, platform, homeDir, program } = { ...worldAt('/home/me'), env: {}, platform: 'linux' as const };
    const commands = (text: string): string[] => text.match(/mcp-anywhere (?:server )?add .*?gpu1/g) ?? [];
    const welcome = welcomeText({ env, platform, homeDir, program });
    expect(commands(welcome)).toHaveLength(2);
    for (const command of commands(welcome)) expect(readme).toContain(command);
    expect(welcome).toContain('/home/me/.config/mcp-anywhere/config.yaml');
    expect(readme).toContain('~/.config/mcp-anywhere/config.yaml');
  });

  it('name the entry of an AI client in one way', () => {
    const names = (text: string): string[] =>
      [...text.matchAll(/"mcpServers": \{\s*"([^"]+)"/g), ...text.matchAll(/mcp add ([\w-]+)/g)].map(
        ([, name = '']) => name,
      );
    expect(new Set([...names(readme), ...names(clientSnippet('node', 'bin.js'))])).toEqual(new Set(['anywhere']));
  });
});

describe('a mistake on the command line', () => {
  it.each([
    [['stats', '--window', 'x'], 'mcp-anywhere stats --help'],
    [['server', 'add', "npx 'x", '--host', 'a'], 'mcp-anywhere server add --help'],
    [['--nonsense'], 'mcp-anywhere --help'],
  ])('%j leads to the help of its command', async (words, help) => {
    const { exit, stderr } = await run(...words);
    expect(exit).toBe(2);
    expect(stderr).toMatch(new RegExp(`next +${help}\n`));
  });
});
