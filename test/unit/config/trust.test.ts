import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { visible } from '../../../src/base/harmless.ts';
import { createTrustStore } from '../../../src/config/trust.ts';
import { trustDiff } from '../../../src/config/trust-summary.ts';
import { scratch } from '../../harness/scratch.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text);

function world() {
  const stateDir = join(scratch(), 'state');
  const store = createTrustStore({ stateDir, now: () => 0 });
  const record = (): string => join(stateDir, 'trusted', readdirSync(join(stateDir, 'trusted'))[0] ?? 'none');
  return { stateDir, store, record };
}

describe('trust', () => {
  it('is for a path and a content', async () => {
    const { store } = world();
    expect(await store.check('/a', bytes('one'))).toEqual({ kind: 'unknown' });
    await store.trust('/a', bytes('one'));
    expect(await store.check('/a', bytes('one'))).toEqual({ kind: 'trusted' });
    expect(await store.check('/a', bytes('two'))).toEqual({ kind: 'changed', before: 'one' });
    expect(await store.check('/b', bytes('one'))).toEqual({ kind: 'unknown' });
    await store.trust('/a', bytes('two'));
    expect(await store.check('/a', bytes('two'))).toEqual({ kind: 'trusted' });
    expect(await store.check('/a', bytes('one'))).toEqual({ kind: 'changed', before: 'two' });
  });

  it('is kept where only the user looks', async () => {
    const { stateDir, store, record } = world();
    await store.trust('/a', bytes('one'));
    expect(statSync(stateDir).mode & 0o777).toBe(0o700);
    expect(statSync(join(stateDir, 'trusted')).mode & 0o777).toBe(0o700);
    expect(statSync(record()).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(stateDir, 'trusted'))).toHaveLength(1);
  });

  it('is not given by a record that others may write, is broken, or is of another file', async () => {
    const { store, record } = world();
    await store.trust('/a', bytes('one'));
    const file = record();
    const text = readFileSync(file, 'utf8');
    chmodSync(file, 0o620);
    expect((await store.check('/a', bytes('one'))).kind).toBe('unknown');
    chmodSync(file, 0o600);
    for (const broken of ['', '{', 'null', '[]', '{"path":"/a"}', text.replace('"/a"', '"/b"')]) {
      writeFileSync(file, broken);
      expect((await store.check('/a', bytes('one'))).kind).toBe('unknown');
    }
    writeFileSync(file, text);
    expect((await store.check('/a', bytes('one'))).kind).toBe('trusted');
  });

  it('of many files at once loses none', async () => {
    const { store } = world();
    const names = Array.from({ length: 20 }, (_, index) => `/f${index}`);
    await Promise.all(names.map((name) => store.trust(name, bytes(name))));
    const states = await Promise.all(names.map((name) => store.check(name, bytes(name))));
    expect(states.every((state) => state.kind === 'trusted')).toBe(true);
  });
});

describe('a diff', () => {
  it('shows what changed', () => {
    const diff = trustDiff('/p/c.yaml', 'a: 1\nb: 2\n', 'a: 1\nb: 3\n');
    expect(diff).toContain('-b: 2\n+b: 3\n');
    expect(diff).toContain('as trusted');
  });

  it('cannot be steered or hidden by what it shows', () => {
    const text = visible('a\u001b[2Jb\rc\u202ed\u200be\u009bf\n\tg');
    expect(text).toBe('a\\u{1b}[2Jb\\u{d}c\\u{202e}d\\u{200b}e\\u{9b}f\n\tg');
    expect(trustDiff('/p', 'a\n', '\u001b[1Ahidden\n')).toContain('+\\u{1b}[1Ahidden');
  });
});
