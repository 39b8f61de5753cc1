import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { claimStart } from '../../../src/daemon/spawn-daemon.ts';
import { scratch } from '../../harness/scratch.ts';

const MINUTE_MS = 60_000;

function place() {
  const folder = scratch();
  return { folder, lock: join(folder, 'x.lock') };
}

it('is given to one of many at once, and to the next when it is given back', async () => {
  const at = place();
  const claims = await Promise.all(Array.from({ length: 20 }, () => claimStart(at, Date)));
  const given = claims.filter((claim) => claim !== undefined);
  expect(given).toHaveLength(1);
  await given[0]?.();
  expect(existsSync(`${at.lock}.start`)).toBe(false);
  expect(await claimStart(at, Date)).toBeDefined();
});

it('of somebody who died with it does not last', async () => {
  const at = place();
  await claimStart(at, Date);
  expect(await claimStart(at, Date)).toBeUndefined();
  const later = { now: () => Date.now() + MINUTE_MS };
  expect(await claimStart(at, later)).toBeUndefined();
  expect(await claimStart(at, later)).toBeDefined();
});
