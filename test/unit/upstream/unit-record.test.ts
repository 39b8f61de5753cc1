import { expect, it } from 'vitest';
import { AnywhereError } from '../../../src/base/errors.ts';
import type { InstanceOwner } from '../../../src/upstream/instance.ts';
import { UnitRecord } from '../../../src/upstream/server-state.ts';

/** Only told apart. */
const owner = (): InstanceOwner => ({}) as InstanceOwner;

it('counts what came in place of another, and nothing that was merely needed', () => {
  const record = new UnitRecord();
  const [one, other] = [owner(), owner()];
  record.launched(one);
  record.launched(other);
  // Idle for long, and needed again.
  record.launched(one);
  expect(record.restarts).toBe(0);
  record.fell(one);
  record.launched(other);
  expect(record.restarts).toBe(0);
  record.launched(one);
  record.launched(one);
  expect(record.restarts).toBe(1);
});

it('counts one restart by a person once, whoever needs the server next', () => {
  const record = new UnitRecord();
  record.launched(owner());
  record.restarted();
  record.launched(owner());
  record.launched(owner());
  expect(record.restarts).toBe(1);
});

it('keeps the last failure, whatever comes up since', () => {
  const record = new UnitRecord();
  const one = owner();
  for (const [atMs, text] of [
    [1, 'first'],
    [2, 'second'],
  ] as const)
    record.failed(one, { atMs, cause: new AnywhereError('SERVER_EXITED', text) });
  record.launched(one);
  expect(record).toMatchObject({ restarts: 1, lastFailure: { atMs: 2, cause: { message: 'second' } } });
});

it('knows since when the server fails, until an instance comes up', () => {
  const record = new UnitRecord();
  const failAt = (atMs: number): void =>
    record.failed(owner(), { atMs, cause: new AnywhereError('SERVER_EXITED', 'gone') });
  expect(record.failingSinceMs).toBeUndefined();
  failAt(5);
  failAt(7);
  expect(record.failingSinceMs).toBe(5);
  record.cameUp();
  expect(record.failingSinceMs).toBeUndefined();
  failAt(9);
  expect(record.failingSinceMs).toBe(9);
});
