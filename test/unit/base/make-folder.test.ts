import { existsSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeFolder, makeFolderSync } from '../../../src/base/make-folder.ts';
import { scratch } from '../../harness/scratch.ts';

describe('a folder', () => {
  it('is made with its parents, for this user alone', async () => {
    const folder = join(scratch(), 'a', 'b', 'c');
    await makeFolder(folder);
    expect([statSync(folder).mode & 0o777, statSync(join(folder, '..')).mode & 0o777]).toEqual([0o700, 0o700]);
    await makeFolder(folder);
    const other = join(folder, 'd', 'e');
    makeFolderSync(other);
    makeFolderSync(other);
    expect(statSync(other).mode & 0o777).toBe(0o700);
  });

  it('that is a link to a folder is one, and a file is none', async () => {
    const place = scratch();
    symlinkSync(place, join(place, 'link'));
    await makeFolder(join(place, 'link'));
    writeFileSync(join(place, 'file'), '');
    await expect(makeFolder(join(place, 'file'))).rejects.toMatchObject({ code: 'EEXIST' });
    await expect(makeFolder(join(place, 'file', 'below'))).rejects.toMatchObject({ code: 'ENOTDIR' });
  });

  it('made by several at once is made once', async () => {
    const folder = join(scratch(), 'x', 'y');
    await Promise.all(Array.from({ length: 10 }, () => makeFolder(folder)));
    expect(existsSync(folder)).toBe(true);
  });

  it.runIf(existsSync('/proc/self'))('below /proc fails at once', async () => {
    const folder = '/proc/nobody/.config/mcp-anywhere';
    await expect(makeFolder(folder)).rejects.toMatchObject({ code: 'ENOENT' });
    expect(() => {
      makeFolderSync(folder);
    }).toThrow(expect.objectContaining({ code: 'ENOENT' }));
  });
});
