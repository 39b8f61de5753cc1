/** Commands that write, where the disk has no room left: nothing is lost, and the advice is about the disk. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { runProgram } from '../../harness/program.ts';
import { makeSandbox, type Sandbox } from '../../harness/sandbox.ts';

const HOSTS = 'hosts:\n  here: { local: true, servers: { s: { command: x, env: { TOKEN: abcdefgh12345678 } } } }\n';
const CLIENT = '{"mcpServers":{"a":{"command":"b"}}}';

interface Full {
  readonly sandbox: Sandbox;
  readonly hosts: string;
  readonly client: string;
}

/** A home with a hosts file and a client's file on a disk that is full then. Undefined where none can be made. */
function fullHome(): Full | undefined {
  const sandbox = makeSandbox();
  const { home } = sandbox;
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', home], { stdio: 'ignore' });
  } catch {
    return undefined;
  }
  onTestFinished(() => {
    execFileSync('umount', ['-l', home]);
  });
  const hosts = join(home, 'hosts.yaml');
  const client = join(home, '.cursor/mcp.json');
  mkdirSync(join(home, '.cursor'));
  writeFileSync(hosts, HOSTS, { mode: 0o600 });
  writeFileSync(client, CLIENT);
  try {
    writeFileSync(join(home, 'fill'), Buffer.alloc(1 << 20));
  } catch {
    // Full now.
  }
  const folders = { XDG_CONFIG_HOME: '', XDG_CACHE_HOME: '', XDG_STATE_HOME: '', XDG_RUNTIME_DIR: '' };
  return { sandbox: { ...sandbox, env: { ...sandbox.env, ...folders } }, hosts, client };
}

it('nothing is lost, and no command calls it a bug', { timeout: 60_000 }, async (context) => {
  const full = fullHome();
  if (full === undefined) {
    context.skip('a small disk can be made on Linux and as root only');
    return;
  }
  const { sandbox, hosts, client } = full;
  const before = readdirSync(sandbox.home);
  for (const [words, code] of [
    [['add', 'gpu1', '--ssh', '192.0.2.7'], 1],
    [['secret', 'move', '--yes'], 6],
    [['install', 'cursor', '--yes'], 6],
    [['support-bundle', '--yes'], 1],
    [['tools'], 1],
  ] as const) {
    const ended = await runProgram(['--config', hosts, ...words], sandbox, { cwd: sandbox.home });
    const said = ended.stdout + ended.stderr;
    expect(said, words.join(' ')).toContain('the disk is full (ENOSPC)');
    if (words[0] !== 'support-bundle') expect(said, words.join(' ')).toContain('free some space on the disk of');
    expect(said, words.join(' ')).not.toContain('INTERNAL');
    expect(ended.code, words.join(' ')).toBe(code);
  }
  expect(readFileSync(hosts, 'utf8')).toBe(HOSTS);
  expect(readFileSync(client, 'utf8')).toBe(CLIENT);
  expect(readdirSync(join(sandbox.home, '.cursor'))).toEqual(['mcp.json']);
  // Folders may be new; half a file may not.
  const added = readdirSync(sandbox.home).filter((name) => !before.includes(name));
  expect(added.filter((name) => !name.startsWith('.'))).toEqual([]);
});
