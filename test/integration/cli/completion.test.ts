/** Completion in the shells themselves. */
import { execFile, execFileSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { daemonsIn } from '../../harness/daemons.ts';
import { writeHostsFile } from '../../harness/hosts-file.ts';
import { BIN, runProgram } from '../../harness/program.ts';
import { makeSandbox, type Sandbox } from '../../harness/sandbox.ts';
import { scratch } from '../../harness/scratch.ts';
import { until } from '../../harness/until.ts';

const run = promisify(execFile);
const SERVERS = fileURLToPath(new URL('../../fixtures/servers', import.meta.url));
const EVERYTHING = fileURLToPath(
  new URL('../../../node_modules/@modelcontextprotocol/server-everything/dist/index.js', import.meta.url),
);
const echo = { command: process.execPath, args: [join(SERVERS, 'echo.mjs')] };

/** A folder with the program under its own name, and a hosts file that is found by itself. */
function setUp(): { sandbox: Sandbox; env: Record<string, string> } {
  const bin = scratch();
  const program = join(bin, 'mcp-anywhere');
  writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' '${BIN}' "$@"\n`);
  chmodSync(program, 0o755);
  const file = writeHostsFile({ gpu1: { servers: { echo } }, nas: { servers: { echo } } }).path;
  const sandbox = makeSandbox();
  return { sandbox, env: { ...sandbox.env, MCP_ANYWHERE_CONFIG: file, PATH: `${bin}:${sandbox.env['PATH'] ?? ''}` } };
}

function has(shell: string): boolean {
  try {
    execFileSync('/bin/sh', ['-c', `command -v ${shell}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

type Complete = (env: Record<string, string>, words: readonly string[]) => Promise<string[]>;

const linesOf = (text: string): string[] => text.split('\n').filter((line) => line !== '');

const inBash: Complete = async (env, words) => {
  const script = `eval "$(mcp-anywhere completion bash)"
COMP_WORDS=(mcp-anywhere "$@"); COMP_CWORD=$#
_mcp_anywhere; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return linesOf((await run('bash', ['--norc', '-c', script, 'bash', ...words], { env })).stdout);
};

/** compadd is what the completion calls in the end; outside of a line editor it can only be replaced. */
const inZsh: Complete = async (env, words) => {
  const script = `compdef() { :; }; compadd() { print -l -- "\${(@P)argv[-1]}"; }; _files() { print :files; }
eval "$(mcp-anywhere completion zsh)"
words=(mcp-anywhere "$@"); CURRENT=$#words
_mcp_anywhere`;
  return linesOf((await run('zsh', ['-f', '-c', script, 'zsh', ...words], { env })).stdout);
};

const inFish: Complete = async (env, words) => {
  const line = ['mcp-anywhere', ...words].join(' ');
  const script = `mcp-anywhere completion fish | source; complete -C "${line}"`;
  const { stdout } = await run('fish', ['--no-config', '-c', script], { env });
  return linesOf(stdout).map((line) => line.split('\t')[0] ?? '');
};

const SHELLS: readonly (readonly [string, Complete])[] = [
  ['bash', inBash],
  ['zsh', inZsh],
  ['fish', inFish],
];

describe.each(SHELLS.filter(([shell]) => has(shell)))('in %s', (_shell, complete) => {
  it('offers commands and live names, and starts no daemon for them', { timeout: 90_000 }, async () => {
    const { sandbox, env } = setUp();
    expect(await complete(env, ['resta'])).toEqual(['restart']);
    expect((await complete(env, ['restart', ''])).sort()).toEqual(['gpu1', 'gpu1/echo', 'nas', 'nas/echo']);
    expect(await complete(env, ['restart', 'nas/'])).toEqual(['nas/echo']);
    // Nothing was ever listed.
    expect(await complete(env, ['call', 'nas__'])).toEqual([]);
    expect(daemonsIn(sandbox.runtimeDir)).toEqual([]);

    await runProgram(['tools', '--config', env['MCP_ANYWHERE_CONFIG'] ?? ''], sandbox);
    expect(daemonsIn(sandbox.runtimeDir)).toHaveLength(1);
    expect(await complete(env, ['call', 'nas__echo__e'])).toEqual([
      'nas__echo__echo',
      'nas__echo__error',
      'nas__echo__exit',
    ]);
    await runProgram(['disable', 'nas/echo', '--config', env['MCP_ANYWHERE_CONFIG'] ?? ''], sandbox);
    // Completion passes over a daemon that is too busy to answer at once.
    let seen: string[] = [];
    await until(async () => (seen = await complete(env, ['call', 'nas__echo__e'])).length === 0, {
      what: () => `nothing of the disabled server; last offered: ${seen.join(' ')}`,
      withinMs: 20_000,
    });
    await runProgram(['stop', '--config', env['MCP_ANYWHERE_CONFIG'] ?? ''], sandbox);
    // As it was listed last.
    expect(await complete(env, ['call', 'nas__echo__ec'])).toEqual(['nas__echo__echo']);
    expect(daemonsIn(sandbox.runtimeDir)).toEqual([]);
  });

  it('offers the arguments of a tool and their values', { timeout: 60_000 }, async () => {
    const { sandbox, env: common } = setUp();
    const every = { command: process.execPath, args: [EVERYTHING] };
    const file = writeHostsFile({ nas: { servers: { every } } }).path;
    const env = { ...common, MCP_ANYWHERE_CONFIG: file };
    await runProgram(['tools', '--config', file], sandbox);
    const line = ['call', 'nas__every__get-annotated-message', '--arg'];
    expect((await complete(env, [...line, ''])).sort()).toEqual(['includeImage=', 'messageType=']);
    // Bash takes `=` as a word of its own, and replaces only what stands behind it.
    const value = _shell === 'bash' ? ['messageType', '=', 'e'] : ['messageType=e'];
    expect(await complete(env, [...line, ...value])).toEqual([_shell === 'bash' ? 'error' : 'messageType=error']);
    const open = _shell === 'bash' ? ['includeImage', '='] : ['includeImage='];
    expect((await complete(env, [...line, ...open])).sort()).toEqual(
      _shell === 'bash' ? ['false', 'true'] : ['includeImage=false', 'includeImage=true'],
    );
  });

  it('leaves names of files to the shell', async () => {
    const { env, sandbox } = setUp();
    writeFileSync(join(sandbox.home, 'hosts.yaml'), '');
    const found = await complete({ ...env }, ['--config', join(sandbox.home, 'ho')]);
    expect(found.map((line) => line.replace(/^.*\/hosts/, 'hosts'))).toEqual(
      _shell === 'zsh' ? [':files'] : ['hosts.yaml'],
    );
  });

  it('is silent about a hosts file that is broken', async () => {
    const { env } = setUp();
    const broken = join(scratch(), 'config.yaml');
    writeFileSync(broken, 'hosts: [');
    expect(await complete({ ...env, MCP_ANYWHERE_CONFIG: broken }, ['restart', ''])).toEqual([]);
  });
});

it('bash is always there to be tested', () => {
  expect(has('bash')).toBe(true);
});
