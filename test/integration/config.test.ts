/** `config path | validate | schema | trust` and `loadPlan`, on real files in real folders. */
import { mkdirSync, realpathSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  type ConfigIo,
  type ConfigOptions,
  configPath,
  configSchema,
  configTrust,
  configValidate,
} from '../../src/cli/config.ts';
import { loadPlan } from '../../src/config/load.ts';
import { resolvePaths } from '../../src/config/paths.ts';
import type { Plan } from '../../src/config/plan.ts';
import { problemsOf } from '../../src/config/problem.ts';
import { printed } from '../harness/control.ts';
import { scratch } from '../harness/scratch.ts';
import { proves } from '../requirements.ts';

type Command = (io: ConfigIo, options: ConfigOptions) => Promise<number>;

const VALID =
  'hosts:\n  gpu1:\n    servers:\n      files: { command: npx, args: [-y, server], env: { TOKEN: hunter2, KEY: "${cmd:pass show x}" } }\n';

/** A home without any hosts file, and a project folder beside it. */
function world(project?: string) {
  const root = realpathSync(scratch());
  const [homeDir, cwd] = [join(root, 'home'), join(root, 'project')];
  mkdirSync(homeDir);
  mkdirSync(cwd);
  const file = join(cwd, 'mcp-anywhere.config.yaml');
  if (project !== undefined) writeFileSync(file, project);
  const place = { env: {}, cwd, homeDir, platform: 'linux' as const };
  const paths = resolvePaths(place.env, place.platform, homeDir);
  const load = (explicit?: string): Promise<Plan> => loadPlan({ ...place, paths, explicit });
  const run = async (command: Command, options: ConfigOptions = { yes: true }, more: Partial<ConfigIo> = {}) => {
    let [stdout, stderr] = ['', ''];
    const io: ConfigIo = {
      ...place,
      stdout: { write: (text) => (stdout += text) },
      stderr: { write: (text) => (stderr += text) },
      now: Date.now,
      ...more,
    };
    const code = await command(io, options);
    return { code, stdout, stderr };
  };
  return { root, cwd, homeDir, file, paths, load, run };
}

describe('a file of a working folder', () => {
  it(proves('is refused until it is trusted, and then loads', 'fails-closed'), async () => {
    const { file, load, run } = world(VALID);
    await expect(load()).rejects.toMatchObject({ code: 'CONFIG_UNTRUSTED', exitCode: 6 });
    const trusted = await run(configTrust);
    expect(trusted).toMatchObject({ code: 0, stdout: `trusted ${file}\n` });
    const again = await run(configTrust, { json: true, yes: true });
    expect(printed('config trust', again.stdout)).toMatchObject({ file, trusted: true });
    expect((await load()).hosts.map(({ name }) => name)).toEqual(['gpu1']);
    expect(await run(configTrust)).toMatchObject({ code: 0, stdout: `${file} is already trusted\n`, stderr: '' });
  });

  it('shows what it starts and resolves before it is trusted, and no value of a reference', async () => {
    const { run } = world(VALID);
    const { stderr } = await run(configTrust);
    expect(stderr).toContain('gpu1/files starts over ssh to gpu1: npx -y server');
    expect(stderr).toMatch(/resolves .*cmd:pass show x.* here/);
    expect(stderr).toContain('with TOKEN=hunter2');
    expect(stderr).toContain('with KEY=${cmd:pass show x}');
  });

  it('shows every folder and file that it names', async () => {
    const { cwd, run } = world(
      [
        'hosts:',
        '  far: { ssh: { user: me, port: 2222, proxyJump: hop, identityFile: key, knownHostsFile: known, configFile: conf }, servers: { s: { command: x, cwd: ~/w, env: { A: "${file:secret}" } } } }',
        '  here: { local: true, servers: { t: { command: y, inheritEnv: [PICKED] } } }',
      ].join('\n'),
    );
    const { stderr } = await run(configTrust);
    const named = ['key', 'known', 'conf', 'secret'].map((name) => join(cwd, name));
    for (const text of [...named, 'me@far:2222 through hop', 'the folder ~/w', 'PICKED'])
      expect(stderr).toContain(text);
  });

  it('escapes every path that it prints', async () => {
    const { root, homeDir, run } = world();
    const odd = join(root, 'odd\u001b[2J\u202e\n');
    mkdirSync(odd);
    writeFileSync(join(odd, 'mcp-anywhere.config.yaml'), VALID);
    for (const command of [configTrust, configTrust, configValidate]) {
      const { code, stdout, stderr } = await run(command, { yes: true }, { cwd: odd, homeDir });
      expect(code).toBe(0);
      expect(stdout + stderr).toContain('odd\\u{1b}[2J\\u{202e}\\n');
      expect(stdout + stderr).not.toMatch(/[\u001b\u202e]/);
    }
  });

  it('is named in JSON on a terminal with every character escaped, and with the same meaning', async () => {
    const { root, homeDir, run } = world();
    const odd = join(root, 'odd\u001b[2J\u202e');
    mkdirSync(odd);
    writeFileSync(join(odd, 'mcp-anywhere.config.yaml'), VALID);
    let printed = '';
    const stdout = { isTTY: true, write: (text: string) => (printed += text) };
    await run(configPath, { json: true }, { cwd: odd, homeDir, stdout });
    expect(printed).not.toMatch(/[\u001b\u202e]/);
    expect(JSON.parse(printed)).toMatchObject({ file: join(odd, 'mcp-anywhere.config.yaml') });
  });

  it('that is a link to a trusted one resolves its paths where the real one lies', async () => {
    const { root, file, load, run } = world();
    const own = join(root, 'own');
    mkdirSync(own);
    const real = join(own, 'mcp-anywhere.config.yaml');
    writeFileSync(
      real,
      'hosts: { h: { ssh: { configFile: conf, identityFile: key }, servers: { s: { command: x, env: { A: "${file:./a}" } } } } }\n',
    );
    await run(configTrust, { yes: true }, { cwd: own });
    symlinkSync(real, file);
    const { hosts } = await load();
    expect(hosts[0]?.ssh).toMatchObject({ configFile: join(own, 'conf'), identityFiles: [join(own, 'key')] });
    expect(hosts[0]?.servers[0]?.env.get('A')).toEqual({ pieces: [{ kind: 'file', path: join(own, 'a') }] });
  });

  it('that changed is refused again, and the change is shown before it is trusted anew', async () => {
    const { file, load, run } = world(VALID);
    await run(configTrust);
    writeFileSync(file, VALID.replace('command: npx', 'command: evil'));
    await expect(load()).rejects.toMatchObject({ code: 'CONFIG_UNTRUSTED' });
    const asked: string[] = [];
    const no = await run(configTrust, {}, { confirm: (question) => Promise.resolve(asked.push(question) > 1) });
    expect(no.stderr).toMatch(/^-.*command: npx/m);
    expect(no.stderr).toMatch(/^\+.*command: evil/m);
    expect(no.code).not.toBe(0);
    expect(asked).toHaveLength(1);
    await expect(load()).rejects.toMatchObject({ code: 'CONFIG_UNTRUSTED' });
    expect(await run(configTrust, {}, { confirm: () => Promise.resolve(true) })).toMatchObject({ code: 0 });
    expect((await load()).hosts[0]?.servers[0]?.command).toBe('evil');
  });

  it('that was changed back is trusted only anew', async () => {
    const { file, load, run } = world(VALID);
    await run(configTrust);
    writeFileSync(file, `${VALID}# more\n`);
    await run(configTrust);
    writeFileSync(file, VALID);
    await expect(load()).rejects.toMatchObject({ code: 'CONFIG_UNTRUSTED' });
  });

  it('trusts the bytes that were shown, not those that came meanwhile', async () => {
    const { file, load, run } = world(VALID);
    const confirm = (): Promise<boolean> => {
      writeFileSync(file, VALID.replace('npx', 'evil'));
      return Promise.resolve(true);
    };
    expect(await run(configTrust, {}, { confirm })).toMatchObject({ code: 0 });
    await expect(load()).rejects.toMatchObject({ code: 'CONFIG_UNTRUSTED' });
  });

  it('behind a link is trusted where it lies: turning the link takes the trust away', async () => {
    const { root, file, load, run } = world();
    for (const name of ['one', 'two']) writeFileSync(join(root, name), VALID);
    symlinkSync(join(root, 'one'), file);
    await run(configTrust);
    await expect(load()).resolves.toMatchObject({ file });
    symlinkSync(join(root, 'two'), `${file}.next`);
    renameSync(`${file}.next`, file);
    await expect(load()).rejects.toMatchObject({ code: 'CONFIG_UNTRUSTED' });
  });

  it('with mistakes is not trusted', async () => {
    const { file, load, run } = world('hosts: { a.b: {} }\n');
    const { code, stderr } = await run(configTrust);
    expect(code).toBe(6);
    expect(stderr).toContain(`${file}:1:10`);
    await expect(load()).rejects.toMatchObject({ code: 'CONFIG_UNTRUSTED' });
  });

  it('cannot steer the terminal of the one who is to trust it', async () => {
    const { run } = world('hosts: { h: { servers: { s: { command: x, args: ["\\e[2J\\rgood"] } } } }\n');
    const { stderr } = await run(configTrust);
    expect(stderr).toContain('\\u{1b}[2J');
    expect(stderr).not.toContain('\u001b');
  });

  it('that is named needs no trust, and one in the config folder neither', async () => {
    const { file, paths, load, run } = world(VALID);
    expect((await load(file)).file).toBe(file);
    expect(await run(configTrust, { config: file, yes: true })).toMatchObject({ code: 0 });
    expect((await load()).file).toBe(file);
    mkdirSync(paths.configDir, { recursive: true });
    writeFileSync(join(paths.configDir, 'config.yaml'), VALID, { mode: 0o600 });
    expect((await load()).file).toBe(join(paths.configDir, 'config.yaml'));
    expect((await run(configTrust)).stdout).toContain('needs no trust');
  });
});

describe('config path', () => {
  it('prints the file that counts, trusted or not', async () => {
    const { file, run } = world(VALID);
    expect(await run(configPath)).toEqual({ code: 0, stdout: `${file}\n`, stderr: '' });
    expect(printed('config path', (await run(configPath, { json: true })).stdout)).toEqual({
      schemaVersion: 1,
      file,
      source: 'folder',
    });
  });

  it('without one exits 6 and says where it looked', async () => {
    const { paths, run } = world();
    const { code, stdout, stderr } = await run(configPath);
    expect([code, stdout]).toEqual([6, '']);
    expect(stderr).toContain(join(paths.configDir, 'config.yaml'));
  });
});

describe('config validate', () => {
  it('counts what is there, and says when it still is to be trusted', async () => {
    const { file, run } = world(VALID);
    expect(await run(configValidate)).toMatchObject({
      code: 0,
      stdout: `${file}: valid, 1 host, 1 server\n`,
      stderr: expect.stringContaining('config trust') as string,
    });
    expect(await run(configValidate, { config: file })).toMatchObject({ code: 0, stderr: '' });
    expect(printed('config validate', (await run(configValidate, { json: true })).stdout)).toMatchObject({
      schemaVersion: 1,
      ok: true,
      trusted: false,
      hosts: 1,
      servers: 1,
    });
  });

  it('prints every mistake with its place, and exits 6', async () => {
    const { file, run } = world('hosts:\n  a.b: {}\n  c: { servers: { s: { comand: x } } }\n');
    const { code, stdout, stderr } = await run(configValidate);
    expect([code, stdout]).toEqual([6, '']);
    expect(stderr.split('\n')[0]).toContain('3 mistakes');
    expect(stderr).toContain(`${file}:2:3 hosts."a.b"`);
    expect(stderr).toContain('did you mean `command`?');
    expect(stderr).not.toContain('\u001b');
  });

  it('gives them as data', async () => {
    const { file, run } = world('hosts:\n  a.b: {}\n');
    const { code, stdout } = await run(configValidate, { json: true });
    expect(code).toBe(6);
    expect(printed('config failure', stdout)).toMatchObject({
      ok: false,
      error: { code: 'CONFIG_INVALID' },
      problems: [{ file, line: 2, column: 3, key: 'hosts."a.b"', found: '"a.b"' }],
    });
  });

  it('of a file that is not there exits 6', async () => {
    const { run } = world();
    const { code, stderr } = await run(configValidate, { config: 'gone.yaml' });
    expect(code).toBe(6);
    expect(stderr).toContain('gone.yaml');
  });
});

it('config schema prints a JSON Schema', async () => {
  const { code, stdout } = await world().run(configSchema);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ type: 'object', properties: { hosts: expect.anything() as unknown } });
});

it(
  proves('a broken file fails to load with all of its mistakes, and never with a part of itself', 'fails-closed'),
  async () => {
    const { file, load } = world('hosts: { good: { servers: { s: { command: x } } }, a.b: {} }\npolicy: {}\n');
    const error: unknown = await load(file).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'CONFIG_INVALID', exitCode: 6 });
    expect(problemsOf(error).map(({ key }) => key)).toEqual(['hosts."a.b"', 'policy']);
    expect((error as { evidence: readonly string[] }).evidence).toHaveLength(2);
  },
);
