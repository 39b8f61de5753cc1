import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Span } from '../../../src/protocol/json-scan.ts';
import { LargeLine } from '../../../src/protocol/large-line.ts';
import { Message } from '../../../src/protocol/message.ts';
import { type Edit, joinPieces, splice } from '../../../src/protocol/splice.ts';
import { chunked, cuts } from './kit.ts';

function largeLine(chunks: readonly Buffer[]): LargeLine {
  const line = new LargeLine();
  for (const chunk of chunks) line.append(chunk);
  return line;
}

const special = fc.constantFrom(
  ...[
    '\\"',
    '\\\\',
    '\\\\\\"',
    '\\n',
    '\\u0041',
    '\\ud83d\\ude00',
    'é',
    '😀',
    '}',
    ']',
    ',"id":9',
    '{"uri":"',
    'ri',
    ' ',
  ].map((text) => text.replaceAll(/(?<!\\)"/gu, String.raw`\"`)),
);
/** Strings whose specials stand around the place from which on they are left out, and at their end. */
const string = fc
  .tuple(fc.oneof(fc.integer({ min: 1000, max: 1030 }), fc.nat(60)), fc.array(special, { maxLength: 12 }), fc.nat(300))
  .chain(([before, specials, behind]) =>
    fc
      .array(special, { maxLength: 4 })
      .map((end) => `"${'x'.repeat(before)}${specials.join('')}${'y'.repeat(behind)}${end.join('')}"`),
  );
const scalar = fc.oneof(string, string, fc.constantFrom('1', '-1.50', 'true', 'null', '{}', '[ ]', '"a"', '"\\u0061"'));
const key = fc.oneof(
  {
    weight: 20,
    arbitrary: fc.constantFrom('"a"', '"b"', '"A"', '"uri"', '"text"', '"name"', '"_meta"', '"progressToken"'),
  },
  { weight: 1, arbitrary: string },
);
const space = fc.constantFrom('', '', ' ', ' \t ');
const { value } = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 2, depthSize: 'small' },
    scalar,
    fc
      .array(fc.tuple(key, space, tie('value')), { maxLength: 4 })
      .map((members) => `{${members.map(([name, gap, inner]) => `${name}${gap}:${gap}${inner}`).join(`,`)}}`),
    fc.array(tie('value'), { maxLength: 3 }).map((items) => `[${items.join(' ,')}]`),
  ),
}));
const id = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom('1', '"one"', '12345678901234567890', 'null', '1.0') },
  { weight: 1, arbitrary: string },
);
const member = fc.oneof(
  { weight: 4, arbitrary: value.map((text) => `"result":${text}`) },
  { weight: 4, arbitrary: value.map((text) => `"method":"tools/call","params":${text}`) },
  { weight: 2, arbitrary: value.map((text) => `"error":{"code":1,"message":"m","data":${text}}`) },
  { weight: 1, arbitrary: value.map((text) => `"other":${text}`) },
  { weight: 1, arbitrary: string.map((text) => `"method":${text}`) },
);
const message = fc
  .tuple(id, fc.array(member, { minLength: 1, maxLength: 3 }), fc.boolean(), space)
  .map(([idText, members, idFirst, gap]) => {
    const all = ['"jsonrpc":"2.0"', ...(idFirst ? [`"id":${idText}`, ...members] : [...members, `"id":${idText}`])];
    return `{${all.join(`${gap},`)}}${gap}`;
  });

const NAMES = ['a', 'b', 'A', 'uri', 'text', 'name', '_meta'];

/** All that a message says of itself, as one text: comparing deeply would take longer than all else. */
function said(one: Message | undefined): string {
  if (one === undefined) return '';
  const spans = [
    one.id,
    one.params,
    one.result,
    one.error,
    ...NAMES.flatMap((name) => [one.param(name), one.param(name, 'a'), one.resultMember(name)]),
  ];
  return JSON.stringify({
    spans: spans.map((span) => span && [span.start, span.end]),
    raw: spans.map((span) => span && [one.raw(span), one.text(span)]),
    known: [one.kind, one.method, one.idKey, one.idNumber, one.isAmbiguous, one.length, one.hasTwins()],
    params: NAMES.map((name) => [one.paramText(name), one.paramText(name, 'a'), one.hasTwins(name), one.isTrue(name)]),
    values: [one.paramsValue(), one.resultValue(), one.error && one.errorValue()],
    bytes: one.bytes.toString('latin1'),
  });
}

/** As a reader does it. */
function read(bytes: Buffer, at: readonly number[]): Message | undefined {
  const line = largeLine(chunked(bytes, at));
  return Message.ofLarge(line) ?? Message.parse(line.bytes());
}

const isSpan = (span: Span | undefined): span is Span => span !== undefined;

describe('a message of a large line', () => {
  it('says the same as one of the same bytes in one piece, for any chunking', () => {
    fc.assert(
      fc.property(message, cuts, (text, at) => {
        const bytes = Buffer.from(text);
        expect(said(read(bytes, at)) === said(Message.parse(bytes))).toBe(true);
      }),
      { numRuns: 400 },
    );
  });

  it('is none exactly where the bytes are none', () => {
    const damage = fc.constantFrom('', '"', '\\', '\\\\', '{', '}', ']', ',', ':', 'x', '\u0001', 'é');
    fc.assert(
      fc.property(message, cuts, fc.nat(), damage, (text, at, where, put) => {
        const position = where % (text.length + 1);
        const bytes = Buffer.from(text.slice(0, position) + put + text.slice(position + 1));
        expect(said(read(bytes, at)) === said(Message.parse(bytes))).toBe(true);
      }),
      { numRuns: 400 },
    );
  });

  it('is handed on with its edits and every other byte as it was', () => {
    fc.assert(
      fc.property(message, cuts, fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }), (text, at, picks) => {
        const bytes = Buffer.from(text);
        const one = Message.parse(bytes);
        const large = read(bytes, at);
        if (one === undefined || large === undefined) return;
        const edits = [large.id, large.param('name'), large.param('_meta', 'a'), large.resultMember('uri')]
          .filter((span, index) => isSpan(span) && picks[index] === true)
          .map((span, index): Edit => ({ span: span ?? { start: 0, end: 0 }, text: `"put ${index} é"` }));
        const line = large.withEdits(edits);
        expect(joinPieces(line).equals(joinPieces(splice(bytes, edits)))).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('is neither put together nor copied to be handed on', () => {
    const text = `{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"${'x'.repeat(10_000_000)}"}],"isError":true}}`;
    const bytes = Buffer.from(text);
    const chunks = chunked(
      bytes,
      Array.from({ length: 300 }, (_, at) => at * 32_768),
    );
    const large = Message.ofLarge(largeLine(chunks));
    if (large?.id === undefined) throw new Error('no message');
    expect([large.idNumber, large.isTrue('isError'), large.length]).toEqual([1, true, bytes.length]);
    const pieces = joinPieces(large.withEdits([{ span: large.id, text: '"seven"' }]));
    expect(pieces.equals(Buffer.from(text.replace('"id":1', '"id":"seven"')))).toBe(true);
    const given = large.withEdits([{ span: large.id, text: '7' }]);
    if (!Array.isArray(given)) throw new Error('no pieces');
    const copied = (given as Buffer[]).filter(({ buffer }) => !chunks.some((chunk) => chunk.buffer === buffer));
    expect(copied.reduce((sum, { length }) => sum + length, 0)).toBeLessThan(100_000);
  });

  it('gives all of a long string that is to be replaced', () => {
    const uri = `data:${String.raw`\u0041`.repeat(3000)}`;
    const bytes = Buffer.from(`{"jsonrpc":"2.0","id":1,"result":{"blob":"${'b'.repeat(5000)}","uri":"${uri}","z":1}}`);
    for (let at = 0; at < 1200; at += 1) {
      const large = Message.ofLarge(largeLine(chunked(bytes, [at, 5100 + at, 6200 + at])));
      const seen: string[] = [];
      const edits = large?.resultEdits(
        (text, result) => [Message.parse(text)?.resultMember('uri'), result.start < 0 ? result : undefined],
        (text) => {
          seen.push(text);
          return '"short"';
        },
      );
      expect(seen).toEqual([`data:${'A'.repeat(3000)}`]);
      expect(joinPieces(large?.withEdits(edits ?? []) ?? []).toString()).toBe(bytes.toString().replace(uri, 'short'));
    }
  });
});

describe('LargeLine', () => {
  it('keeps the bytes of any parts, and any of them can be had', () => {
    const sizes = fc.array(fc.oneof(fc.nat(20), fc.integer({ min: 4000, max: 5000 }), fc.nat(70_000)), {
      maxLength: 12,
    });
    fc.assert(
      fc.property(sizes, fc.nat(), fc.nat(), (lengths, from, to) => {
        const parts = lengths.map((length, seed) =>
          Buffer.from(Array.from({ length }, (_, at) => (at * 7 + seed) % 251)),
        );
        const whole = Buffer.concat(parts);
        const line = largeLine(parts);
        const [start = 0, end = 0] = [from % (whole.length + 1), to % (whole.length + 1)].sort((a, b) => a - b);
        expect(line.part({ start, end }).equals(whole.subarray(start, end))).toBe(true);
        expect(Buffer.concat(line.pieces).equals(whole)).toBe(true);
        expect([line.length, line.bytes().equals(whole)]).toEqual([whole.length, true]);
      }),
      { numRuns: 60 },
    );
  });

  it.each([1, 300, 5000, 20_000, 32_768])(
    'keeps little more alive than it is long, of parts of %i bytes in chunks of 64 KB',
    (size) => {
      const line = new LargeLine();
      for (let count = 0; count < 300; count += 1) line.append(Buffer.allocUnsafeSlow(65_536).subarray(0, size));
      const alive = [...new Set(line.pieces.map(({ buffer }) => buffer))].reduce(
        (sum, { byteLength }) => sum + byteLength,
        0,
      );
      expect(alive).toBeLessThan(line.length * 1.3 + 600_000);
    },
  );
});
