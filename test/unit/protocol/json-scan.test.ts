import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { memberAt, rawAt, skipSpace, skipValue, textAt, walkElements } from '../../../src/protocol/json-scan.ts';

const whole = (text: string): { start: number; end: number } => ({ start: 0, end: Buffer.byteLength(text) });

function accepts(text: string): boolean {
  const bytes = Buffer.from(text);
  const end = skipValue(bytes, skipSpace(bytes, 0));
  return end !== -1 && skipSpace(bytes, end) === bytes.length;
}

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

describe('skipValue', () => {
  it('walks over every JSON value, whatever its spacing', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), fc.constantFrom(0, 1, 3), (text, indent) => {
        expect(accepts(JSON.stringify(JSON.parse(text), null, indent))).toBe(true);
      }),
    );
  });

  it('accepts a damaged text only where JSON.parse does', () => {
    const damage = fc.tuple(
      fc.json({ maxDepth: 3 }),
      fc.nat(200),
      fc.constantFrom('', ',', '}', ']', '{', '"', ':', '0', '\\', ' ', 'e', '-', '.'),
    );
    fc.assert(
      fc.property(damage, ([text, at, put]) => {
        const position = at % (text.length + 1);
        const broken = text.slice(0, position) + put + text.slice(position + 1);
        // What it passes must never be less than JSON asks; inner escapes are checked only when read.
        if (accepts(broken)) expect(parses(broken) || broken.includes('\\')).toBe(true);
        else expect(parses(broken)).toBe(false);
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    '',
    '{',
    '[',
    '{"a"}',
    '{"a":}',
    '[1,]',
    '{"a":1,}',
    '01',
    '1.',
    '.5',
    '+1',
    'nul',
    '"a',
    '"\t"',
    '{a:1}',
    "'a'",
    '1 2',
    'NaN',
    '-',
  ])('refuses %j', (text) => {
    expect(accepts(text)).toBe(false);
  });

  it.each(['1e400', '-0', '1.0', '12345678901234567890123', '"\\u0000"', '""', '[[],{}]', ' {"a" : [ ] } '])(
    'accepts %j',
    (text) => {
      expect(accepts(text)).toBe(true);
    },
  );

  it('walks over strings longer than its byte-wise part, with escapes anywhere', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('x'.repeat(40), '"', '\\', '\n', 'é', '😀'), { maxLength: 60 }), (parts) => {
        expect(accepts(JSON.stringify({ text: parts.join(''), after: [1] }))).toBe(true);
      }),
    );
  });

  it.each([
    ['lines of text', String.raw`a line of text in some file, as tools read them\n`],
    ['escaped quotes', String.raw`\"`],
    ['backslashes', String.raw`\\`],
    ['backslashes and quotes', String.raw`\\\"`],
  ])('takes time linear in the length of a string: %s', (_what, unit) => {
    const bytes = Buffer.from(`"${unit.repeat(16_000_000 / unit.length)}"`);
    const began = performance.now();
    expect(skipValue(bytes, 0)).toBe(bytes.length);
    // A search for the closing quote at each escape would take minutes.
    expect(performance.now() - began).toBeLessThan(15_000);
  });

  it('knows at every depth which brackets are open', () => {
    const kinds = fc.array(fc.boolean(), { minLength: 1, maxLength: 130 });
    fc.assert(
      fc.property(kinds, fc.nat(), (objects, pick) => {
        const opened = objects.map((isObject) => (isObject ? '{"a":' : '[0,')).join('');
        const closing: string[] = objects.toReversed().map((isObject) => (isObject ? ',"b":[]}' : ',{}]'));
        expect(accepts(`${opened}1${closing.join('')}`)).toBe(true);
        const wrong = closing.with(
          pick % closing.length,
          objects.at(-1 - (pick % closing.length)) === true ? ']' : '}',
        );
        expect(accepts(`${opened}1${wrong.join('')}`)).toBe(false);
      }),
    );
  });

  it('is not exhausted by depth', () => {
    const depth = 200_000;
    expect(accepts('['.repeat(depth) + ']'.repeat(depth))).toBe(true);
    expect(accepts('['.repeat(depth))).toBe(false);
    expect(accepts('['.repeat(1_000_002) + ']'.repeat(1_000_002))).toBe(false);
  });
});

describe('spans', () => {
  it('finds what JSON.parse finds, the last of repeated keys', () => {
    const text = '{"a":{"b":1,"b":[2, 3],"\\u0062c":"x\\ny"},"z":1e400}';
    const bytes = Buffer.from(text);
    const at = (...path: string[]): string | undefined => {
      const span = memberAt(bytes, whole(text), path);
      return span && rawAt(bytes, span);
    };
    expect(at('a', 'b')).toBe('[2, 3]');
    expect(at('a', 'bc')).toBe('"x\\ny"');
    expect(at('z')).toBe('1e400');
    expect(at('a', 'none')).toBeUndefined();
    expect(at('z', 'deeper')).toBeUndefined();
    const string = memberAt(bytes, whole(text), ['a', 'bc']);
    expect(string && textAt(bytes, string)).toBe('x\ny');
  });

  it('gives the elements of an array in order', () => {
    const bytes = Buffer.from('[ {"a":1} ,2,"],[" ]');
    const found: string[] = [];
    expect(walkElements(bytes, 0, (span) => found.push(rawAt(bytes, span)))).toBe(bytes.length);
    expect(found).toEqual(['{"a":1}', '2', '"],["']);
  });
});
