import { chmodSync, chownSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { listDaemons } from '../../../src/daemon/daemon-record.ts';
import { processStart } from '../../../src/daemon/process-start.ts';
import { scratch } from '../../harness/scratch.ts';

async function folderWithRecord(): Promise<{ folder: string; text: string }> {
  const folder = join(scratch(), 'run');
  mkdirSync(folder, { mode: 0o700 });
  const start = (await processStart(process.pid)) ?? '';
  const text = JSON.stringify({
    ...{ pid: process.pid, start, version: '1', file: '/f' },
    socket: '/s',
    log: '/l',
    sinceMs: 1,
  });
  writeFileSync(join(folder, 'a.pid'), text, { mode: 0o600 });
  return { folder, text };
}

describe('listDaemons', () => {
  it('reads what stands in a folder of our own', async () => {
    const { folder } = await folderWithRecord();
    expect(await listDaemons([folder])).toMatchObject([{ pid: process.pid }]);
    expect(await listDaemons([join(folder, 'none')])).toEqual([]);
  });

  it('refuses a folder that others can enter, and a link to one', async () => {
    const { folder } = await folderWithRecord();
    const link = join(scratch(), 'link');
    symlinkSync(folder, link);
    await expect(listDaemons([link])).rejects.toMatchObject({ code: 'FOLDER_UNUSABLE' });
    chmodSync(folder, 0o755);
    await expect(listDaemons([folder])).rejects.toMatchObject({ code: 'FOLDER_UNUSABLE' });
  });

  it('believes no link, no half record, and no file of another user', async () => {
    const { folder, text } = await folderWithRecord();
    const elsewhere = join(scratch(), 'elsewhere');
    writeFileSync(elsewhere, text);
    symlinkSync(elsewhere, join(folder, 'b.pid'));
    writeFileSync(join(folder, 'c.pid'), JSON.stringify({ pid: process.pid }));
    writeFileSync(join(folder, 'd.pid'), text);
    // Root alone can give a file away.
    if (process.getuid?.() === 0) chownSync(join(folder, 'd.pid'), 12_345, 12_345);
    expect(await listDaemons([folder])).toHaveLength(process.getuid?.() === 0 ? 1 : 2);
  });
});
