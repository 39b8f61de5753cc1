/** `support-bundle` through the built program: what it holds, and above all what it does not. */
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { parseTar } from 'nanotar';
import { describe, expect, it } from 'vitest';
import { SecretStore } from '../../../src/config/secret-store.ts';
import { fixture, writeHostsFile } from '../../harness/hosts-file.ts';
import { runProgram } from '../../harness/program.ts';
import { makeSandbox, type Sandbox } from '../../harness/sandbox.ts';
import { startSshd } from '../../harness/sshd.ts';
import { runInTerminal } from '../../harness/terminal.ts';

const SECRETS = [
  'plain-secret-4711',
  'stored-secret-4711',
  'variable-secret-4711',
  'ordinary-value-4711',
  'argument-secret-4711',
  'comment-4711',
];

/** Three hosts that nobody reaches, and a local server. */
async function world(): Promise<{ readonly sandbox: Sandbox; readonly file: string }> {
  const sandbox = makeSandbox({ GPU_TOKEN: 'variable-secret-4711', USER: 'alice-of-home' });
  await new SecretStore(sandbox.env, join(sandbox.stateDir, 'mcp-anywhere')).set('github', 'stored-secret-4711');
  const logs = join(sandbox.stateDir, 'mcp-anywhere', 'logs', 'here');
  const daemon = join(sandbox.stateDir, 'mcp-anywhere', 'daemon');
  for (const folder of [logs, daemon]) mkdirSync(folder, { recursive: true, mode: 0o700 });
  const line = (text: string): string => `${JSON.stringify({ atMs: 1, stream: 'stderr', line: text })}\n`;
  writeFileSync(
    join(logs, 'echo.log'),
    line(
      `refused stored-secret-4711 for bob-remote at 192.0.2.77, then ${SECRETS[2] ?? ''}, key in ${sandbox.home}/key`,
    ),
  );
  writeFileSync(
    join(daemon, 'x.log'),
    `${'older line\n'.repeat(20_000)}connected to nas.corp.example.com as bob-remote\n`,
  );
  const folder = join(sandbox.configDir, 'mcp-anywhere');
  mkdirSync(folder, { mode: 0o700 });
  const file = join(folder, 'config.yaml');
  writeFileSync(
    file,
    `version: 1
# comment-4711
hosts:
  nas:
    ssh: { host: nas.corp.example.com, user: bob-remote, port: 1, configFile: none }
    servers:
      echo:
        command: ${process.execPath}
        args: [--token, argument-secret-4711, --level, high]
        env: { API_TOKEN: plain-secret-4711, LEVEL: ordinary-value-4711, A: "\${env:GPU_TOKEN:-plain-secret-4711}", B: "\${keychain:github}" }
  here:
    local: true
    servers: { echo: { command: ${process.execPath}, args: [${join(process.cwd(), 'test/fixtures/servers/echo.mjs')}], env: { C: "\${cmd:echo comment-4711}" } } }
`,
    { mode: 0o600 },
  );
  return { sandbox, file };
}

function contents(archive: string): ReadonlyMap<string, string> {
  const files = parseTar(gunzipSync(readFileSync(archive)));
  return new Map(files.map(({ name, text }) => [name.replace(/^[^/]+\//, ''), text]));
}

describe('the bundle', () => {
  it('holds the whole story, and no secret, address, name or folder of the user', async () => {
    const { sandbox } = await world();
    const archive = join(sandbox.home, 'bundle.tar.gz');
    const { code, stderr } = await runProgram(['support-bundle', '--yes', '--output', archive], sandbox);
    expect([code, statSync(archive).mode & 0o777]).toEqual([0, 0o600]);
    const files = contents(archive);
    for (const name of files.keys()) expect(stderr).toContain(name);
    expect([...files.keys()].sort()).toEqual(
      [
        'README.txt',
        'daemon/x.log',
        'daemons.json',
        'doctor.json',
        'hosts-file.yaml',
        'logs.jsonl',
        'status.json',
        'versions.json',
      ].sort(),
    );
    const all = [...files.values()].join('\n');
    const personal = ['nas.corp.example.com', 'bob-remote', '192.0.2.77', 'alice-of-home', sandbox.home];
    expect([...SECRETS, ...personal].filter((text) => all.includes(text))).toEqual([]);
    expect(files.get('hosts-file.yaml')).toContain('API_TOKEN: •••');
    expect(files.get('hosts-file.yaml')).toContain('${env:GPU_TOKEN:-***}');
    expect(files.get('hosts-file.yaml')).toContain('${keychain:github}');
    expect(files.get('hosts-file.yaml')).toMatch(/host: <address-\d+>\n +user: <user-\d+>/);
    expect(files.get('logs.jsonl')).toMatch(
      /refused \[redacted\] for <user-\d+> at <address-\d+>, then \[redacted\], key in ~\/key/,
    );
    expect(files.get('daemon/x.log')).toMatch(/connected to <address-\d+> as <user-\d+>\n$/);
    expect((files.get('daemon/x.log') ?? '').length).toBeLessThan(70_000);
    expect(files.get('doctor.json')).toContain('HOST_UNREACHABLE');
    expect(JSON.parse(files.get('status.json') ?? '')).toMatchObject({ error: { code: 'NO_DAEMON' } });
    expect(JSON.parse(files.get('versions.json') ?? '')).toMatchObject({ node: process.version });
    const again = await runProgram(['support-bundle', '--yes', '--output', archive], sandbox);
    expect([again.code, again.stderr.includes('the file already exists')]).toEqual([1, true]);
  });

  it('is printed without being written, and keeps addresses where a person wants them', async () => {
    const { sandbox } = await world();
    const { code, stdout } = await runProgram(['support-bundle', '--print', '--plain'], sandbox);
    expect(code).toBe(0);
    expect(stdout).toContain('==> hosts-file.yaml <==');
    expect(stdout).toContain('nas.corp.example.com');
    expect(SECRETS.filter((text) => stdout.includes(text))).toEqual([]);
  });

  it('tells of a hosts file that is broken, and of none', async () => {
    const { sandbox, file } = await world();
    writeFileSync(file, 'hosts: { a: { servers: { x: { env: { TOKEN: "plain-secret-4711\n');
    const broken = await runProgram(['support-bundle', '--print'], sandbox);
    expect(broken.code).toBe(0);
    expect(broken.stdout).toContain('CONFIG_INVALID');
    expect(broken.stdout).not.toContain('plain-secret');
    const none = await runProgram(['support-bundle', '--print'], makeSandbox());
    expect([none.code, none.stdout.includes('There is no hosts file')]).toEqual([0, true]);
  });

  it('names what a running daemon says, and works over a link that works', async () => {
    const sshd = await startSshd();
    const sandbox = makeSandbox();
    const { path } = writeHostsFile({ box: { sshd, servers: { echo: fixture(sshd, 'echo.mjs') } } });
    await runProgram(['tools', '--config', path], sandbox);
    const { stdout } = await runProgram(['support-bundle', '--print', '--config', path], sandbox);
    expect(stdout).toContain('"hosts"');
    expect(stdout).toMatch(/"pid": \d+/);
    expect(stdout).not.toContain(`${userInfo().username === 'root' ? '\0' : userInfo().username}@`);
    expect(stdout).not.toMatch(new RegExp(`(?<![\\w-])${hostname()}(?![\\w-])`));
  });

  it('is not written unless a person says so', async () => {
    const { sandbox } = await world();
    expect((await runProgram(['support-bundle'], sandbox)).code).toBe(2);
    const run = runInTerminal(['support-bundle', '--output', 'b.tar.gz'], sandbox, { columns: 160 });
    await run.shows('Write it?', 60_000);
    expect(run.text()).toContain('hosts-file.yaml');
    expect(run.text()).toContain('--print');
    run.type('\r');
    expect(await run.exit).toBe(130);
    expect(existsSync(join(sandbox.home, 'b.tar.gz'))).toBe(false);
    chmodSync(sandbox.home, 0o700);
  });
});
