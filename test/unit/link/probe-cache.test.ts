import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ProbeCache } from '../../../src/link/probe-cache.ts';
import { scratch } from '../../harness/scratch.ts';

const KEY = ['SHA256:abc', 'box', 'me'];
const RECORD = {
  environment: { system: 'Linux x86_64', shell: '/bin/bash', asked: '-ilc', variables: new Map([['PATH', '/a:/b c']]) },
  outputWatch: true,
};

describe('ProbeCache', () => {
  it('gives back what was stored, to the same login on the same machine only', async () => {
    const cache = new ProbeCache(scratch());
    await cache.store(KEY, RECORD);
    expect(await cache.load(KEY)).toEqual(RECORD);
    expect(await cache.load(['SHA256:other', 'box', 'me'])).toBeUndefined();
    expect(await cache.load(['SHA256:abc', 'box', 'you'])).toBeUndefined();
    await cache.drop(KEY);
    expect(await cache.load(KEY)).toBeUndefined();
    await cache.drop(KEY);
  });

  it.each([true, false, undefined])('tells whether output can be watched: %s', async (outputWatch) => {
    const cache = new ProbeCache(scratch());
    await cache.store(KEY, { ...RECORD, outputWatch });
    expect((await cache.load(KEY))?.outputWatch).toBe(outputWatch);
  });

  it('keeps its files to the user', async () => {
    const folder = scratch();
    await new ProbeCache(folder).store(KEY, RECORD);
    const [file = ''] = readdirSync(join(folder, 'machines'));
    expect(statSync(join(folder, 'machines')).mode & 0o777).toBe(0o700);
    expect(statSync(join(folder, 'machines', file)).mode & 0o777).toBe(0o600);
  });

  it.each(['', '{', '[]', 'null', '{"format":1}', '{"format":99,"system":"a","shell":"b","variables":{}}'])(
    'takes %j for not known',
    async (text) => {
      const folder = scratch();
      const cache = new ProbeCache(folder);
      await cache.store(KEY, RECORD);
      const [file = ''] = readdirSync(join(folder, 'machines'));
      writeFileSync(join(folder, 'machines', file), text);
      expect(await cache.load(KEY)).toBeUndefined();
    },
  );
});
