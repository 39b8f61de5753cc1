import { chmodSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { expandHome, resolvePaths } from '../../../src/config/paths.ts';
import { ensurePrivateDir } from '../../../src/config/private-dir.ts';
import { scratch } from '../../harness/scratch.ts';

describe('folders', () => {
  it('are those of the XDG specification', () => {
    expect(resolvePaths({}, 'linux', '/home/me')).toEqual({
      configDir: '/home/me/.config/mcp-anywhere',
      cacheDir: '/home/me/.cache/mcp-anywhere',
      stateDir: '/home/me/.local/state/mcp-anywhere',
      runtimeDir: '/home/me/.cache/mcp-anywhere/run',
    });
  });

  it.each(['linux', 'darwin', 'freebsd'] as const)('follow the variables on %s', (platform) => {
    const env = { XDG_CONFIG_HOME: '/c', XDG_CACHE_HOME: '/k', XDG_STATE_HOME: '/s', XDG_RUNTIME_DIR: '/r' };
    expect(resolvePaths(env, platform, '/home/me')).toEqual({
      configDir: '/c/mcp-anywhere',
      cacheDir: '/k/mcp-anywhere',
      stateDir: '/s/mcp-anywhere',
      runtimeDir: '/r/mcp-anywhere',
    });
  });

  it('do not follow relative or empty ones', () => {
    const env = { XDG_CONFIG_HOME: 'c', XDG_CACHE_HOME: '', XDG_STATE_HOME: './s', XDG_RUNTIME_DIR: '..' };
    expect(resolvePaths(env, 'linux', '/home/me')).toEqual(resolvePaths({}, 'linux', '/home/me'));
  });

  it('without a runtime folder stay beside the cache', () => {
    expect(resolvePaths({ XDG_CACHE_HOME: '/k' }, 'linux', '/home/me').runtimeDir).toBe('/k/mcp-anywhere/run');
  });

  it.each(['darwin', 'win32'] as const)('are all of the given home on %s', (platform) => {
    const { configDir, cacheDir, stateDir, runtimeDir } = resolvePaths({}, platform, '/elsewhere/me');
    for (const path of [configDir, cacheDir, stateDir, runtimeDir]) expect(path).toMatch(/^\/elsewhere\/me\//);
  });
});

it.each([
  ['~', '/h'],
  ['~/a b', '/h/a b'],
  ['~you/a', '~you/a'],
  ['/a/~', '/a/~'],
  ['a', 'a'],
])('%s is %s', (written, path) => {
  expect(expandHome(written, '/h')).toBe(path);
});

describe('a private folder', () => {
  const mode = (path: string): number => statSync(path).mode & 0o777;

  it('is made with all above it', async () => {
    const path = join(scratch(), 'a/b');
    await ensurePrivateDir(path);
    expect(mode(path)).toBe(0o700);
    await ensurePrivateDir(path);
  });

  it('loses what others may do in it', async () => {
    const path = join(scratch(), 'open');
    mkdirSync(path);
    chmodSync(path, 0o777);
    await ensurePrivateDir(path);
    expect(mode(path)).toBe(0o700);
  });

  it("may be a link to a folder of one's own", async () => {
    const folder = scratch();
    mkdirSync(join(folder, 'real'));
    symlinkSync(join(folder, 'real'), join(folder, 'link'));
    await ensurePrivateDir(join(folder, 'link'));
    expect(mode(join(folder, 'real'))).toBe(0o700);
  });

  it('of another user is refused and left alone', async () => {
    const path = join(scratch(), 'theirs');
    mkdirSync(path, { mode: 0o755 });
    const stranger = statSync(path).uid + 1;
    const work = ensurePrivateDir(path, stranger);
    await expect(work).rejects.toMatchObject({ code: 'FOLDER_UNUSABLE' });
    await expect(work).rejects.toThrow('another user');
    expect(mode(path)).toBe(0o755);
  });

  it('in the place of a file is refused', async () => {
    const path = join(scratch(), 'file');
    writeFileSync(path, '');
    await expect(ensurePrivateDir(path)).rejects.toMatchObject({ code: 'FOLDER_UNUSABLE' });
    await expect(ensurePrivateDir(join(path, 'below'))).rejects.toMatchObject({ code: 'FOLDER_UNUSABLE' });
  });
});
