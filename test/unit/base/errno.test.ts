import { mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { errnoAdvice, errnoText, exhaustion } from '../../../src/base/errno.ts';
import { asAnywhereError } from '../../../src/base/errors.ts';

function thrown(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

it('says what a full disk is, and what to do', () => {
  const error = thrown(() => writeSync(openSync('/dev/full', 'w'), 'x'));
  expect(errnoText(error)).toBe('the disk is full (ENOSPC)');
  expect(errnoAdvice(error, '/data/x')).toBe('free some space on the disk of /data/x');
  // No bug of the program, so nobody is asked to report one.
  expect(asAnywhereError(error)).toMatchObject({
    code: 'OUTPUT_FAILED',
    message: 'A file could not be opened or written: the disk is full (ENOSPC).',
    hint: 'free some space on the disk of your files',
  });
});

it('says what a path is that cannot be used', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mcpa-errno-'));
  try {
    const error = thrown(() => openSync(folder, 'w'));
    expect(errnoText(error)).toBe('it is a folder (EISDIR)');
    expect(errnoAdvice(error, folder)).toBe(`check the owner and the permissions of ${folder}`);
    expect(exhaustion(error)).toBeUndefined();
    expect(asAnywhereError(error).code).toBe('INTERNAL');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

it('keeps the code of an error that it has no words for', () => {
  expect(errnoText(Object.assign(new Error('x'), { code: 'EXDEV' }))).toBe('EXDEV');
  expect(errnoText(new Error('x'))).toBe('unknown error');
});
