/** Which hosts file counts, with real folders. */
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { type FindOptions, findHostsFile } from '../../../src/config/find.ts';
import { readHostsFile } from '../../../src/config/load.ts';
import { problemsOf } from '../../../src/config/problem.ts';
import { scratch } from '../../harness/scratch.ts';

function world(files: readonly string[]): { root: string; options: FindOptions } {
  const root = scratch();
  for (const file of ['home/.keep', 'config/.keep', 'work/deep/er/.keep', ...files]) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), 'hosts: {}\n');
  }
  return {
    root,
    options: {
      env: {},
      cwd: join(root, 'work/deep/er'),
      homeDir: join(root, 'home'),
      paths: { configDir: join(root, 'config') },
    },
  };
}

const ALL = ['flag.yaml', 'env.yaml', 'config/config.yaml', 'work/deep/mcp-anywhere.config.yaml'];

describe('the order', () => {
  it('--config, the variable, the config folder, the working folder', async () => {
    const { root, options } = world(ALL);
    const env = { MCP_ANYWHERE_CONFIG: join(root, 'env.yaml') };
    expect(await findHostsFile({ ...options, env, explicit: join(root, 'flag.yaml') })).toEqual({
      file: join(root, 'flag.yaml'),
      source: 'flag',
    });
    expect(await findHostsFile({ ...options, env })).toEqual({ file: join(root, 'env.yaml'), source: 'environment' });
    expect(await findHostsFile(options)).toEqual({ file: join(root, 'config/config.yaml'), source: 'user' });
    const elsewhere = { ...options, paths: { configDir: join(root, 'nowhere') } };
    expect(await findHostsFile(elsewhere)).toEqual({
      file: join(root, 'work/deep/mcp-anywhere.config.yaml'),
      source: 'folder',
    });
  });

  it('an empty variable is none', async () => {
    const { root, options } = world(ALL);
    expect((await findHostsFile({ ...options, env: { MCP_ANYWHERE_CONFIG: '' } })).file).toBe(
      join(root, 'config/config.yaml'),
    );
  });

  it.each(['config.yaml', 'config.yml', 'config.json'])('the config folder may hold %s', async (name) => {
    const { root, options } = world([`config/${name}`]);
    expect((await findHostsFile(options)).file).toBe(join(root, 'config', name));
  });

  it.each(['mcp-anywhere.config.yaml', 'mcp-anywhere.config.yml', 'mcp-anywhere.config.json', '.mcp-anywhererc'])(
    'a working folder may hold %s',
    async (name) => {
      const { root, options } = world([`work/${name}`]);
      expect(await findHostsFile(options)).toEqual({ file: join(root, 'work', name), source: 'folder' });
    },
  );

  it('the nearest folder wins', async () => {
    const { root, options } = world(['work/mcp-anywhere.config.yaml', 'work/deep/.mcp-anywhererc']);
    expect((await findHostsFile(options)).file).toBe(join(root, 'work/deep/.mcp-anywhererc'));
  });

  it('an empty or broken file is not passed by', async () => {
    const { root, options } = world(['work/mcp-anywhere.config.yaml', 'work/deep/mcp-anywhere.config.json']);
    for (const text of ['', '{ "broken"']) {
      writeFileSync(join(root, 'work/deep/mcp-anywhere.config.json'), text);
      expect((await findHostsFile(options)).file).toBe(join(root, 'work/deep/mcp-anywhere.config.json'));
    }
  });

  it('a link that leads nowhere in the config folder is not passed by', async () => {
    const { root, options } = world(['work/mcp-anywhere.config.yaml']);
    symlinkSync(join(root, 'gone'), join(root, 'config/config.yaml'));
    expect((await findHostsFile(options)).source).toBe('user');
  });

  it.each(['a link that leads nowhere', 'a folder'])('%s in a working folder is not passed by', async (form) => {
    const { root, options } = world(['work/mcp-anywhere.config.yaml', 'work/deep/.mcp-anywhererc']);
    const there = join(root, 'work/deep/mcp-anywhere.config.json');
    if (form === 'a folder') mkdirSync(there);
    else symlinkSync(join(root, 'gone'), there);
    const found = await findHostsFile(options);
    expect(found).toEqual({ file: there, source: 'folder' });
    await expect(readHostsFile(found)).rejects.toMatchObject({ exitCode: 6 });
  });

  it('names are relative to the working folder, and ~/ is the home', async () => {
    const { root, options } = world([]);
    expect((await findHostsFile({ ...options, explicit: '../x.yaml' })).file).toBe(join(root, 'work/deep/x.yaml'));
    expect((await findHostsFile({ ...options, env: { MCP_ANYWHERE_CONFIG: '~/x.yaml' } })).file).toBe(
      join(root, 'home/x.yaml'),
    );
  });

  it('nothing anywhere says where it looked', async () => {
    const { root, options } = world([]);
    const error = await findHostsFile(options).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'CONFIG_NOT_FOUND', exitCode: 6 });
    expect(JSON.stringify(error)).toContain(join(root, 'config/config.yaml'));
    expect(JSON.stringify(error)).toContain(options.cwd);
  });
});

it('runs nothing of the working folder', async () => {
  const { root, options } = world(['work/mcp-anywhere.config.yaml']);
  const ran = join(root, 'ran');
  mkdirSync(join(root, 'work/.config'));
  const script = `require('fs').writeFileSync(${JSON.stringify(ran)}, ''); module.exports = { cosmiconfig: {} };`;
  for (const name of ['.config/config.js', '.config/config.cjs', 'mcp-anywhere.config.js', '.mcp-anywhererc.js'])
    writeFileSync(join(root, 'work', name), script);
  writeFileSync(join(root, 'work/package.json'), '{ "cosmiconfig": { "searchPlaces": ["mcp-anywhere.config.js"] } }');
  const source = new URL('../../../src/config/find.ts', import.meta.url).href;
  const code = `const { findHostsFile } = await import(${JSON.stringify(source)}); console.log((await findHostsFile(${JSON.stringify({ ...options, cwd: join(root, 'work') })})).file);`;
  const tsx = new URL('../../../node_modules/tsx/dist/loader.mjs', import.meta.url).href;
  const { stdout } = await execa(process.execPath, ['--import', tsx, '--input-type=module', '-e', code], {
    cwd: join(root, 'work'),
  });
  expect(stdout).toBe(join(root, 'work/mcp-anywhere.config.yaml'));
  expect(existsSync(ran)).toBe(false);
});

describe('reading', () => {
  it('a file that was named and is not there says who named it', async () => {
    const file = join(scratch(), 'gone.yaml');
    const read = readHostsFile({ file, source: 'environment' });
    await expect(read).rejects.toMatchObject({ code: 'CONFIG_NOT_FOUND' });
    await expect(read).rejects.toThrow(/gone\.yaml.*\$MCP_ANYWHERE_CONFIG/);
  });

  it('a folder, a pipe or a device is refused at once', async () => {
    const folder = scratch();
    execFileSync('/bin/sh', ['-c', 'mkfifo "$0"', join(folder, 'pipe')]);
    for (const [file, found] of [
      [folder, 'a folder'],
      [join(folder, 'pipe'), 'a pipe'],
      ['/dev/null', 'a device'],
    ] as const) {
      const error: unknown = await readHostsFile({ file, source: 'flag' }).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 'CONFIG_INVALID' });
      expect(problemsOf(error)[0]?.found).toContain(found);
    }
  });

  it('follows links, and says where they lead', async () => {
    const folder = scratch();
    writeFileSync(join(folder, 'real.yaml'), 'hosts: {}');
    symlinkSync(join(folder, 'real.yaml'), join(folder, 'link.yaml'));
    const read = await readHostsFile({ file: join(folder, 'link.yaml'), source: 'flag' });
    expect(read.realPath).toBe(join(folder, 'real.yaml'));
    expect(Buffer.from(read.bytes).toString()).toBe('hosts: {}');
  });

  it("the user's own file must be writable by nobody else, as with ssh", async () => {
    const file = join(scratch(), 'config.yaml');
    writeFileSync(file, 'hosts: {}');
    chmodSync(file, 0o666);
    const error: unknown = await readHostsFile({ file, source: 'user' }).catch((thrown: unknown) => thrown);
    expect(problemsOf(error)[0]).toMatchObject({ suggestion: `chmod o-w ${file}` });
    chmodSync(file, 0o664);
    await expect(readHostsFile({ file, source: 'user' })).resolves.toBeDefined();
  });

  it('a file of another user in the config folder is refused', async () => {
    const file = join(scratch(), 'config.yaml');
    writeFileSync(file, 'hosts: {}');
    const own = process.getuid?.() ?? 0;
    if (own !== 0) {
      await expect(readHostsFile({ file, source: 'user' }, own + 1)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
      return;
    }
    chownSync(file, 65_534, 65_534);
    await expect(readHostsFile({ file, source: 'user' })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    await expect(readHostsFile({ file, source: 'flag' })).resolves.toBeDefined();
  });
});
