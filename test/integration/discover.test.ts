/** `discover: true`: the servers that AI clients' files on a real host name, over one connection. */
import { randomUUID } from 'node:crypto';
import { chmodSync, chownSync, mkdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { printed } from '../harness/control.ts';
import { filesWith } from '../harness/files.ts';
import { fixture, type HostEntry, type HostsFile, writeHostsFile } from '../harness/hosts-file.ts';
import { BIN, initialize, type Outcome, runProgram, startServe } from '../harness/program.ts';
import { makeSandbox, type Sandbox } from '../harness/sandbox.ts';
import { type Sshd, startSshd } from '../harness/sshd.ts';
import { callText, listChanged, offers, toolNames } from '../harness/tools.ts';
import { until } from '../harness/until.ts';
import { watchCommandLines } from '../harness/watch-command-lines.ts';

let sshd: Sshd;
beforeEach(async () => {
  sshd = await startSshd();
});
afterEach(() => sshd.stop());

/** A file below the home of the login, its user's own. */
function put(path: string, content: unknown): string {
  const file = path.startsWith('/') ? path : join(sshd.home, path);
  const { uid, gid } = statSync(sshd.home);
  for (const folder of [dirname(dirname(dirname(file))), dirname(dirname(file)), dirname(file)]) {
    if (folder.length <= sshd.home.length) continue;
    mkdirSync(folder, { recursive: true });
    chownSync(folder, uid, gid);
  }
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  chownSync(file, uid, gid);
  return file;
}

const echo = (more: object = {}) => ({ ...fixture(sshd, 'echo.mjs'), ...more });

function hosts(entry: object = { discover: true }, servers: HostEntry['servers'] = {}): HostsFile {
  return writeHostsFile({ box: { sshd, servers, entry: { ...entry } } }, { catalog: { ttlMs: 3_600_000 } });
}

async function run(file: HostsFile, sandbox: Sandbox, ...command: readonly string[]): Promise<Outcome> {
  return await runProgram([...command, '--config', file.path], sandbox);
}

interface Where {
  readonly variables: Record<string, string | null>;
  readonly cwd: string;
  readonly argv: readonly string[];
}

async function where(
  client: Parameters<typeof callText>[0],
  server: string,
  variables: readonly string[] = [],
): Promise<Where> {
  return JSON.parse(await callText(client, `box__${server}__where`, { variables })) as Where;
}

describe('a home full of files of AI clients', () => {
  it('gives its servers, and says where each came from', async () => {
    put('.claude.json', {
      mcpServers: { one: echo(), shared: echo({ args: [join(sshd.servers, 'notes.mjs')] }) },
      projects: { '/srv': { mcpServers: { hidden: echo() } } },
    });
    put('.cursor/mcp.json', {
      mcpServers: {
        shared: echo({ args: [join(sshd.servers, 'notes.mjs')] }),
        anywhere: { command: 'npx', args: ['-y', 'mcp-anywhere'] },
        hub: { command: 'ssh', args: ['hub', 'mcp-anywhere'] },
      },
    });
    put('.vscode-server/data/User/mcp.json', {
      inputs: [{ id: 'tok', type: 'promptString' }],
      servers: {
        ask: { ...echo(), env: { T: '${input:tok}' } },
        web: { type: 'http', url: 'https://mcp.example.com/?key=s3cr3t' },
      },
    });
    put(
      '.codex/config.toml',
      `[mcp_servers."my codex"]\ncommand = ${JSON.stringify(process.execPath)}\nargs = [${JSON.stringify(join(sshd.servers, 'echo.mjs'))}, "codex"]\n[mcp_servers.off]\ncommand = "x"\nenabled = false\n`,
    );
    put(
      '.config/goose/config.yaml',
      `extensions:\n  keyed:\n    type: stdio\n    cmd: x\n    env_keys: [KEY]\n    enabled: true\n`,
    );
    put('.gemini/settings.json', '{ "mcpServers": { "broken": ');
    chmodSync(put('.kiro/settings/mcp.json', { mcpServers: { locked: echo() } }), 0);
    const [file, sandbox] = [hosts(), makeSandbox()];
    const listed = await run(file, sandbox, 'tools', '--json');
    const { tools, notStarted } = printed('tools', listed.stdout);
    expect([...new Set(tools.map(({ server, from }) => `${server} ${from ?? ''}`))].toSorted()).toEqual([
      'my-codex codex',
      'one claude-code',
      'shared claude-code',
    ]);
    expect(notStarted?.map(({ server, from, why }) => `${server} ${from}: ${why}`).toSorted()).toEqual([
      'ask vscode: needs the input tok of VS Code',
      'keyed goose: needs the secret KEY of Goose',
      'off codex: switched off in its client',
      'web vscode: HTTP servers come later',
    ]);
    const status = await run(file, sandbox, 'status', '--json');
    const [box] = printed('status', status.stdout).hosts;
    expect(box?.servers.find(({ name }) => name === 'shared')).toMatchObject({
      from: 'claude-code',
      alsoIn: ['cursor'],
      file: join(sshd.home, '.claude.json'),
    });
    expect(box?.discover?.unread).toEqual([
      {
        client: 'gemini',
        file: join(sshd.home, '.gemini/settings.json'),
        problem: 'not valid JSON at line 1, column 29',
      },
      { client: 'kiro', file: join(sshd.home, '.kiro/settings/mcp.json'), problem: 'no permission to read the file' },
    ]);
    expect(status.stdout).not.toContain('s3cr3t');
    const human = await run(file, sandbox, 'status');
    expect(human.stdout).toMatch(/box\/shared +from claude-code, cursor/);
    expect(human.stdout).toMatch(/box\/ask +from vscode +○ not started +needs the input tok of VS Code/);
    expect(human.stdout).toContain('settings.json of gemini cannot be read');
    expect((await run(file, sandbox, 'tools')).stderr).toContain(
      '○ box/web (vscode) is not started: HTTP servers come later',
    );
    expect(box?.connections).toBe(1);
  });

  it('starts nothing without `discover`', async () => {
    put('.claude.json', { mcpServers: { one: echo() } });
    const [file, sandbox] = [hosts({}, { named: fixture(sshd, 'notes.mjs') }), makeSandbox()];
    const { tools } = printed('tools', (await run(file, sandbox, 'tools', '--json')).stdout);
    expect(new Set(tools.map(({ server }) => server))).toEqual(new Set(['named']));
  });

  it('counts only the clients and projects that are asked for', async () => {
    put('.claude.json', { mcpServers: { one: echo() } });
    put('.cursor/mcp.json', { mcpServers: { two: echo() } });
    put('work/app/.cursor/mcp.json', { mcpServers: { three: echo({ args: [join(sshd.servers, 'echo.mjs'), 'x'] }) } });
    const file = hosts({ discover: { clients: ['cursor'], projects: ['~/work/app', '/nowhere'] } });
    const { client } = startServe(file.path);
    await initialize(client);
    const names = await offers(client, ['box__three__where', 'box__two__where']);
    expect(names.some((name) => name.startsWith('box__one__'))).toBe(false);
    expect((await where(client, 'three')).cwd).toBe(join(sshd.home, 'work/app'));
  });

  it('gives way to the hosts file', async () => {
    put('.claude.json', {
      mcpServers: { files: echo(), other: { command: process.execPath, args: [join(sshd.servers, 'notes.mjs')] } },
    });
    const servers = { files: fixture(sshd, 'notes.mjs') };
    const [file, sandbox] = [hosts({ discover: true }, servers), makeSandbox()];
    const [box] = printed(
      'status',
      (await run(file, sandbox, 'tools', '--json').then(() => run(file, sandbox, 'status', '--json'))).stdout,
    ).hosts;
    expect(box?.servers.map(({ name, from }) => [name, from])).toEqual([['files', undefined]]);
  });
});

describe('values of the host', () => {
  it('are resolved there: variables of the login shell, files, defaults', async () => {
    put('.profile', 'export FROM_PROFILE="of the profile"\n');
    put('.claude.json', {
      mcpServers: {
        one: echo({
          args: [join(sshd.servers, 'echo.mjs'), '${FROM_PROFILE}', '${NOWHERE:-def}'],
          env: { A: '${FROM_PROFILE}!', B: '${NOWHERE:-d "q" }', C: '${NOWHERE}' },
        }),
      },
    });
    put('.cursor/mcp.json', {
      mcpServers: {
        two: echo({
          args: [join(sshd.servers, 'echo.mjs'), '${userHome}/x'],
          envFile: '${userHome}/env',
          env: { A: '${env:FROM_PROFILE}' },
        }),
      },
    });
    put('env', 'FROM_FILE="a b"\nA=file\n');
    put('key', 'the key\n');
    put('.config/opencode/opencode.json', {
      mcp: { three: { type: 'local', command: [process.execPath, join(sshd.servers, 'echo.mjs'), '{file:~/key}'] } },
    });
    const { client } = startServe(hosts().path);
    await initialize(client);
    await offers(client, ['box__one__where', 'box__two__where', 'box__three__where']);
    expect(await where(client, 'one', ['A', 'B', 'C'])).toMatchObject({
      argv: ['of the profile', 'def'],
      variables: { A: 'of the profile!', B: 'd "q" ', C: null },
    });
    expect(await where(client, 'two', ['A', 'FROM_FILE'])).toMatchObject({
      argv: [`${sshd.home}/x`],
      variables: { A: 'of the profile', FROM_FILE: 'a b' },
    });
    expect(await where(client, 'three')).toMatchObject({ argv: ['the key'] });
  });

  it.each(['ssh2', 'openssh', 'local'] as const)(
    'stay out of process lists, logs, caches and output (%s)',
    async (kind) => {
      const secret = `s-${randomUUID()}`;
      const sandbox = makeSandbox();
      const entry = {
        ...echo({ args: [join(sshd.servers, 'echo.mjs'), 'x'], env: { TOKEN: secret, PLAIN: secret.slice(2) } }),
      };
      const content = { mcpServers: { one: entry, two: { command: 'nothing-4711', env: { TOKEN: secret } } } };
      put('.cursor/mcp.json', content);
      mkdirSync(join(sandbox.home, '.cursor'));
      writeFileSync(join(sandbox.home, '.cursor/mcp.json'), JSON.stringify(content));
      const host: HostEntry =
        kind === 'local'
          ? { servers: {}, entry: { discover: true } }
          : { sshd, servers: {}, entry: { discover: true, ssh: { backend: kind } } };
      const file = writeHostsFile({ box: host });
      const texts = [secret, secret.slice(2)];
      const watch = watchCommandLines(texts);
      onTestFinished(() => {
        watch.stop();
      });
      const { client } = startServe(file.path, sandbox, { args: ['--log-level', 'trace'] });
      await initialize(client);
      await offers(client, ['box__one__where']);
      expect((await where(client, 'one', ['TOKEN', 'PLAIN'])).variables).toEqual({
        TOKEN: secret,
        PLAIN: secret.slice(2),
      });
      await callText(client, 'box__one__stderr', { line: `refused: ${secret}` });
      await client.close();
      const outcomes = [await run(file, sandbox, 'tools'), await run(file, sandbox, 'status', '--json')];
      if (kind === 'local')
        outcomes.push(await run(file, sandbox, 'doctor'), await run(file, sandbox, 'explain', 'box/two'));
      watch.stop();
      expect(watch.found).toEqual([]);
      for (const { stdout, stderr } of outcomes)
        expect(texts.filter((text) => (stdout + stderr).includes(text))).toEqual([]);
      expect(texts.filter((text) => client.stderr.includes(text))).toEqual([]);
      for (const folder of [sandbox.cacheDir, sandbox.stateDir, sandbox.configDir, sandbox.runtimeDir])
        expect(filesWith(folder, texts)).toEqual([]);
      expect(filesWith(sandbox.stateDir, ['refused: [redacted]'])).not.toEqual([]);
    },
  );
});

describe('a change of those files', () => {
  it('is picked up with `reload`, and clients are told', async () => {
    const file = hosts();
    put('.cursor/mcp.json', { mcpServers: { one: echo({ env: { V: 'first' } }) } });
    const sandbox = makeSandbox();
    const { client } = startServe(file.path, sandbox, { throughDaemon: true });
    await initialize(client);
    await offers(client, ['box__one__where']);
    expect((await where(client, 'one', ['V'])).variables).toEqual({ V: 'first' });
    const reload = async (): Promise<readonly string[]> =>
      printed('reload', (await run(file, sandbox, 'reload', '--json')).stdout).changed;
    expect(await reload()).toEqual([]);
    put('.cursor/mcp.json', {
      mcpServers: { one: echo({ env: { V: 'second' } }), two: echo({ args: [join(sshd.servers, 'echo.mjs'), '2'] }) },
    });
    const told = listChanged(client).length;
    expect(await reload()).toEqual(['box/two: added', 'box/one: restarts']);
    await offers(client, ['box__two__where']);
    expect(listChanged(client).length).toBeGreaterThan(told);
    expect((await where(client, 'one', ['V'])).variables).toEqual({ V: 'second' });
    put('.cursor/mcp.json', '{ "mcpServers": { "one"');
    expect(await reload()).toEqual([]);
    rmSync(join(sshd.home, '.cursor/mcp.json'));
    expect(await reload()).toEqual(['box/one: removed', 'box/two: removed']);
    await until(async () => (await toolNames(client)).length === 0, { what: () => 'no tools' });
  });

  it('is seen after `catalog.ttlMs`', async () => {
    const file = writeHostsFile({ box: { sshd, servers: {}, entry: { discover: true } } }, { catalog: { ttlMs: 100 } });
    const { client } = startServe(file.path);
    await initialize(client);
    await until(async () => (await toolNames(client)).length === 0, { what: () => 'an answer' });
    put('.cursor/mcp.json', { mcpServers: { one: echo() } });
    expect(await offers(client, ['box__one__where'], 30_000)).toContain('box__one__where');
  });
});

describe('a server that was found', () => {
  it('is listed at once while its host is down', async () => {
    put('.cursor/mcp.json', { mcpServers: { one: echo({ env: { TOKEN: 'a-secret-value-1' } }) } });
    const [file, sandbox] = [hosts(), makeSandbox()];
    const first = startServe(file.path, sandbox);
    await initialize(first.client);
    const names = await offers(first.client, ['box__one__where']);
    await first.client.close();
    await sshd.halt();
    const second = startServe(file.path, sandbox);
    await initialize(second.client);
    expect(await toolNames(second.client)).toEqual(names);
    expect(filesWith(sandbox.cacheDir, ['a-secret-value-1'])).toEqual([]);
    await sshd.restart();
    let variables: unknown;
    await until(
      async () => {
        variables = (await where(second.client, 'one', ['TOKEN']).catch(() => undefined))?.variables;
        return variables !== undefined;
      },
      { withinMs: 20_000, what: () => 'the host' },
    );
    expect(variables).toEqual({ TOKEN: 'a-secret-value-1' });
  });

  it('is not started again once it has said that it is MCP-Anywhere', async () => {
    const wrapper = put(
      'wrapper',
      `#!/bin/sh\nexec ${process.execPath} ${BIN} serve --in-process --config ${join(sshd.home, 'inner.yaml')}\n`,
    );
    chmodSync(wrapper, 0o755);
    put('inner.yaml', 'version: 1\nhosts: { inner: { local: true, servers: {} } }\n');
    put('.cursor/mcp.json', { mcpServers: { tools: { command: wrapper }, one: echo() } });
    const [file, sandbox] = [hosts(), makeSandbox()];
    await run(file, sandbox, 'tools');
    await until(
      async () => {
        const [box] = printed('status', (await run(file, sandbox, 'status', '--json')).stdout).hosts;
        return box?.servers.find(({ name }) => name === 'tools')?.notStarted === 'is MCP-Anywhere itself';
      },
      { withinMs: 20_000, what: () => 'the refusal' },
    );
  });
});

describe('found servers and the rest of the program', () => {
  function local(more: object, top: Readonly<Record<string, unknown>> = {}) {
    const sandbox = makeSandbox();
    mkdirSync(join(sandbox.home, '.cursor'));
    const entry = { command: process.execPath, args: [join(sshd.servers, 'echo.mjs')] };
    writeFileSync(
      join(sandbox.home, '.cursor/mcp.json'),
      JSON.stringify({ mcpServers: { one: entry, two: { ...entry, args: [...entry.args, '2'], disabled: true } } }),
    );
    writeFileSync(join(sandbox.home, '.claude.json'), '{');
    return { sandbox, file: writeHostsFile({ box: { servers: {}, entry: { discover: true, ...more } } }, top) };
  }

  it('join pools, `as` of the host and `enable`', async () => {
    const { sandbox, file } = local({ as: 'b' }, { pools: { all: { members: ['box/one'] } } });
    expect(
      printed('tools', (await run(file, sandbox, 'tools', '--json')).stdout).tools.map(({ name }) => name),
    ).toContain('all__where');
    const [box] = printed('status', (await run(file, sandbox, 'status', '--json')).stdout).hosts;
    expect(box?.servers.map(({ name, notStarted }) => [name, notStarted])).toEqual([
      ['one', undefined],
      ['two', 'switched off in its client'],
    ]);
    expect((await run(file, sandbox, 'enable', 'box/two')).code).toBe(0);
    const names = printed('tools', (await run(file, sandbox, 'tools', '--json')).stdout).tools.map(({ name }) => name);
    expect(names).toContain('b__two__where');
  });

  it('answer the very first call, and give a program that refers to the login shell of this machine', async () => {
    const { sandbox, file } = local({});
    const shell = join(sandbox.home, 'loginsh');
    writeFileSync(
      shell,
      '#!/bin/sh\nexport FROM_LOGIN="of the login shell"\nfor last; do :; done\nexec /bin/sh -c "$last"\n',
      { mode: 0o755 },
    );
    const entry = {
      command: '${env:HOME}/run',
      args: [join(sshd.servers, 'echo.mjs')],
      env: { V: '${env:FROM_LOGIN}' },
    };
    symlinkSync(process.execPath, join(sandbox.home, 'run'));
    writeFileSync(join(sandbox.home, '.cursor/mcp.json'), JSON.stringify({ mcpServers: { one: entry } }));
    const inShell = { ...sandbox, env: { ...sandbox.env, SHELL: shell } };
    const { stdout } = await run(
      file,
      inShell,
      'call',
      'box__one__where',
      '--json-args',
      '{"variables":["V"]}',
      '--json',
    );
    expect(JSON.stringify(printed('call', stdout).result)).toContain('of the login shell');
  });

  it('are examined by doctor, with the files that cannot be read', async () => {
    const { sandbox, file } = local({});
    const { stdout } = await run(file, sandbox, 'doctor', '--json');
    const steps = printed('doctor', stdout).steps.filter(
      ({ host, check }) => host === 'box' && (check === 'client' || check === 'server'),
    );
    expect(steps.map(({ check, server, outcome, text }) => [check, server, outcome, text]).toSorted()).toEqual([
      ['client', undefined, 'ok', 'the files of AI clients there name 2 servers'],
      [
        'client',
        undefined,
        'warning',
        `${join(sandbox.home, '.claude.json')} of claude-code cannot be read: not valid JSON at line 1, column 2`,
      ],
      ['server', 'one', 'ok', 'initialize answered, 8 tools'],
      ['server', 'two', 'skipped', 'switched off in its client'],
    ]);
  });
});
