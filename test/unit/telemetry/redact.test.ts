import fc from 'fast-check';
import { expect, test } from 'vitest';
import { REDACTED, Redactor } from '../../../src/telemetry/redact.ts';

function redactorOf(...values: string[]): Redactor {
  const redactor = new Redactor();
  for (const value of values) redactor.learn(value);
  return redactor;
}

test('replaces every occurrence of every learned value', () => {
  const { redact } = redactorOf('s3cret', 'other-one');
  expect(redact('s3cret, s3cret and other-one')).toBe(`${REDACTED}, ${REDACTED} and ${REDACTED}`);
});

test('says nothing of a value that contains another', () => {
  expect(redactorOf('token', 'token-and-more').redact('x token-and-more y')).toBe(`x ${REDACTED} y`);
});

test('finds a value inside JSON and inside a URL', () => {
  const { redact } = redactorOf('pa"ss\nword', 'a b&c');
  expect(redact(JSON.stringify({ key: 'pa"ss\nword' }))).toBe(`{"key":"${REDACTED}"}`);
  expect(redact(`http://h/?k=${encodeURIComponent('a b&c')}`)).toBe(`http://h/?k=${REDACTED}`);
});

test('finds the lines of a value that has several, each by itself', () => {
  const key = '-----BEGIN KEY-----\r\nMIIEvQIBADANBg\r\n  kqhkiG9w0BAQ"F\nAA==\n-----END KEY-----\n';
  const { redact } = redactorOf(key);
  expect(redact('key: MIIEvQIBADANBg')).toBe(`key: ${REDACTED}`);
  expect(redact('{"line":"kqhkiG9w0BAQ\\"F"}')).toBe(`{"line":"${REDACTED}"}`);
  expect(redact('AA== is a word like any other')).toBe('AA== is a word like any other');
});

test('leaves short values alone: they would garble the text', () => {
  expect(redactorOf('', 'a', 'abc').redact('abcabc')).toBe('abcabc');
});

test('no learned value survives, whatever it is made of', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ minLength: 4 }), { minLength: 1 }), fc.string(), (values, rest) => {
      const text = redactorOf(...values).redact(`${rest}${values.join(rest)}`);
      // What is left may contain a value only where the replacement itself or its neighbourhood spells it.
      const left = text.split(REDACTED);
      expect(left.some((piece) => values.some((value) => piece.includes(value)))).toBe(false);
    }),
  );
});

test('knows no lone surrogate it would stumble over', () => {
  expect(redactorOf('\ud800abcd').redact('x\ud800abcdy')).toBe(`x${REDACTED}y`);
});

test('looks in definitions for values of eight characters or more: a shorter one may be a word of theirs', () => {
  const { isIn, redact } = redactorOf('sevenxx', 'eightxxx');
  expect([isIn('a sevenxx b'), isIn('an eightxxx b')]).toEqual([false, true]);
  expect(redact('sevenxx')).toBe(REDACTED);
});
