import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { Memory } from '../../../src/base/memory.ts';
import { scratch } from '../../harness/scratch.ts';

const SUBJECT = ['SHA256:abc', 'box', 'me'];

function memoryIn(folder: string, errors: unknown[] = []): Memory<{ path: string }> {
  return new Memory(folder, z.object({ path: z.string() }), (error) => errors.push(error));
}

describe('a memory', () => {
  it('gives back what was kept, for the same subject only, until it is forgotten', () => {
    const memory = memoryIn(scratch());
    memory.remember(SUBJECT, { path: '/a:/b c' });
    expect(memory.recall(SUBJECT)).toEqual({ path: '/a:/b c' });
    expect(memory.recall(['SHA256:abc', 'box', 'you'])).toBeUndefined();
    expect(memory.recall(['SHA256:abc', 'boxme'])).toBeUndefined();
    memory.forget(SUBJECT);
    expect(memory.recall(SUBJECT)).toBeUndefined();
    memory.forget(SUBJECT);
  });

  it('keeps its files to the user, and writes nothing anew that has not changed', () => {
    const folder = join(scratch(), 'machines');
    const memory = memoryIn(folder);
    memory.remember(SUBJECT, { path: '/a' });
    const [file = ''] = readdirSync(folder).map((name) => join(folder, name));
    expect([statSync(folder).mode & 0o777, statSync(file).mode & 0o777]).toEqual([0o700, 0o600]);
    const { ino } = statSync(file);
    memory.remember(SUBJECT, { path: '/a' });
    expect(statSync(file).ino).toBe(ino);
    memory.remember(SUBJECT, { path: '/b' });
    expect(readdirSync(folder)).toHaveLength(1);
    expect(memory.recall(SUBJECT)).toEqual({ path: '/b' });
  });

  it.each(['', '{', '[]', 'null', '{"path":1}'])('takes %j for not known', (text) => {
    const folder = scratch();
    const memory = memoryIn(folder);
    memory.remember(SUBJECT, { path: '/a' });
    writeFileSync(join(folder, readdirSync(folder)[0] ?? ''), text);
    expect(memory.recall(SUBJECT)).toBeUndefined();
  });

  it('reports what cannot be written, and goes on', () => {
    const errors: unknown[] = [];
    const blocked = join(scratch(), 'file');
    writeFileSync(blocked, '');
    const memory = memoryIn(join(blocked, 'folder'), errors);
    memory.remember(SUBJECT, { path: '/a' });
    expect(errors).toHaveLength(1);
    expect(memory.recall(SUBJECT)).toBeUndefined();
  });
});
