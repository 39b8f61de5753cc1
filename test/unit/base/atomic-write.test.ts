import { chmod, lstat, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeAtomic, writeAtomicSync } from '../../../src/base/atomic-write.ts';

let folder = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mcp-anywhere-atomic-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function modeOf(path: string): Promise<number> {
  return (await stat(path)).mode & 0o777;
}

const WAYS: readonly [string, (file: string, content: string) => Promise<void>][] = [
  ['writeAtomic', (file, content) => writeAtomic(file, content)],
  ['writeAtomic, durable', (file, content) => writeAtomic(file, content, { isDurable: true })],
  ['writeAtomicSync', (file, content) => Promise.resolve().then(() => writeAtomicSync(file, content))],
];

describe.each(WAYS)('%s', (_, replace) => {
  it('makes the folder for the user alone, and the file too', async () => {
    const file = join(folder, 'deep', 'note');
    await replace(file, 'one');
    expect(await readFile(file, 'utf8')).toBe('one');
    expect(await modeOf(file)).toBe(0o600);
    expect(await modeOf(join(folder, 'deep'))).toBe(0o700);
  });

  it('replaces a link and a file that others could read, and leaves no draft', async () => {
    const file = join(folder, 'note');
    await writeFile(join(folder, 'target'), 'untouched');
    await symlink('target', file);
    await replace(file, 'two');
    expect((await lstat(file)).isFile()).toBe(true);
    await chmod(file, 0o666);
    await replace(file, 'three');
    expect(await modeOf(file)).toBe(0o600);
    expect(await readFile(join(folder, 'target'), 'utf8')).toBe('untouched');
    expect((await readdir(folder)).sort()).toEqual(['note', 'target']);
  });

  it('leaves everything as it was where the file cannot be replaced', async () => {
    await mkdir(join(folder, 'note'));
    await expect(replace(join(folder, 'note'), 'four')).rejects.toThrow();
    expect(await readdir(folder)).toEqual(['note']);
  });
});

describe('writeAtomic', () => {
  it('keeps the old content where the new content fails half way', async () => {
    const file = join(folder, 'note');
    await writeAtomic(file, 'old');
    const failing = async function* (): AsyncGenerator<string> {
      yield await Promise.resolve('half');
      throw new RangeError('no more');
    };
    await expect(writeAtomic(file, failing())).rejects.toThrow('no more');
    expect(await readFile(file, 'utf8')).toBe('old');
    expect(await readdir(folder)).toEqual(['note']);
  });
});
