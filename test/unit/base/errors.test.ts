import { describe, expect, it } from 'vitest';
import {
  AnywhereError,
  asAnywhereError,
  ERROR_CODES,
  errorOf,
  isErrorCode,
  reportOf,
} from '../../../src/base/errors.ts';

describe('AnywhereError', () => {
  it('fills its hint with its places, also with those it learns later', () => {
    const error = new AnywhereError('SERVER_EXITED', 'it ended', { evidence: ['last words'] });
    expect(error.at({ host: 'box', server: 'files' })).toMatchObject({
      code: 'SERVER_EXITED',
      host: 'box',
      server: 'files',
      hint: 'mcp-anywhere logs box/files',
      evidence: ['last words'],
    });
  });

  it('keeps the places it knows, and a hint of its own', () => {
    const error = new AnywhereError('SERVER_EXITED', 'it ended', { host: 'box', server: 'files', hint: 'do this' });
    expect(error.at({ host: 'other', server: 'other', tool: 't' })).toMatchObject({
      host: 'box',
      server: 'files',
      tool: 't',
      hint: 'do this',
    });
  });

  it('keeps a hint with braces that are no place of it', () => {
    const hint = 'write `ssh: { subsystem: … }`';
    expect(new AnywhereError('CHANNEL_REFUSED', 'm', { hint }).at({ host: 'box' }).hint).toBe(hint);
  });

  it('is data with only what is known', () => {
    expect(reportOf(new AnywhereError('INTERNAL', 'm'))).toEqual({
      code: 'INTERNAL',
      message: 'm',
      hint: ERROR_CODES.INTERNAL.hint,
    });
    expect(
      JSON.parse(JSON.stringify(new AnywhereError('INTERNAL', 'm', { host: 'h', evidence: ['e'] }))),
    ).toMatchObject({ host: 'h', evidence: ['e'] });
  });

  it('takes what is foreign for a defect, and keeps it as the cause', () => {
    const own = new AnywhereError('CANCELLED', 'm');
    expect(asAnywhereError(own)).toBe(own);
    expect(asAnywhereError(new TypeError('t'))).toMatchObject({
      code: 'INTERNAL',
      message: 't',
      cause: expect.any(TypeError) as unknown,
    });
    expect(asAnywhereError('text')).toMatchObject({ code: 'INTERNAL', message: 'text' });
  });

  it('has a sentence and a next step for every code', () => {
    for (const [code, { meaning, hint }] of Object.entries(ERROR_CODES))
      expect([code, meaning.endsWith('.'), hint.length > 3]).toEqual([code, true, true]);
    expect([isErrorCode('INTERNAL'), isErrorCode('toString')]).toEqual([true, false]);
  });

  it('comes back from its report with its code, and an unknown code as INTERNAL', () => {
    const error = new AnywhereError('CONFIG_INVALID', 'line 3', { host: 'h', evidence: ['a'], hint: 'fix it' });
    expect(errorOf(reportOf(error))).toMatchObject({
      code: 'CONFIG_INVALID',
      message: 'line 3',
      hint: 'fix it',
      host: 'h',
    });
    expect(errorOf({ code: 'FROM_THE_FUTURE' as 'INTERNAL', message: 'm', hint: 'h' }).code).toBe('INTERNAL');
  });
});
