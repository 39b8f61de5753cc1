import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FitCheck, fitLine } from '../../../src/protocol/fit-line.ts';
import type { Message } from '../../../src/protocol/message.ts';
import { MessageReader } from '../../../src/protocol/reader.ts';
import { chunked, cuts } from './kit.ts';

const bytesOf = (text: string): Buffer => Buffer.from(text, 'latin1');

describe('fitLine', () => {
  it.each([
    ['{"a":\r1,\t"b":2}\r', '{"a": 1, "b":2} '],
    [`{"a":\r"${'x'.repeat(500)}"}`, `{"a": "${'x'.repeat(500)}"}`],
    ['{"a\rb":1}', undefined],
    ['{"a":"\\\t"}', undefined],
    ['{"a":\u000b1}', undefined],
    [`{"a":"${'x'.repeat(301)}\r${'x'.repeat(301)}"}`, undefined],
    ['{"a":"\xff"}', undefined],
    ['{"a":"\xc3"}', undefined],
  ])('makes of %j %j', (line, expected) => {
    expect(fitLine(bytesOf(line))?.toString('latin1')).toBe(expected);
  });

  it('agrees with a check of chunks, and with a look at each byte', () => {
    const part = fc.constantFrom('é', '語', '𝄞', 'x'.repeat(200), '\r', '\u0000', '"').map((text) => Buffer.from(text));
    const damage = fc.constantFrom(bytesOf('\xff'), bytesOf('\x80'), bytesOf('\xe0\x80'), Buffer.alloc(0));
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), damage, cuts, (parts, bad, at) => {
        const bytes = Buffer.concat([...parts, bad]);
        const check = new FitCheck();
        for (const chunk of chunked(bytes, at)) check.push(chunk);
        const isUtf8 = Buffer.from(bytes.toString()).equals(bytes);
        const isFit = isUtf8 && bytes.every((byte) => byte >= 0x20);
        expect(check.isFit).toBe(isFit);
        if (isFit) expect(fitLine(bytes)).toBe(bytes);
      }),
    );
  });
});

describe('a reader', () => {
  const read = (text: string): unknown[] => {
    const seen: unknown[] = [];
    const show = ({ bytes, isClearReply }: Message): unknown => [bytes.toString('latin1').slice(0, 60), isClearReply];
    const reader = new MessageReader(
      {
        message: (message) => seen.push(['message', show(message)]),
        batch: ({ messages, refused, why, invalid }) => {
          seen.push(['batch', messages.map(show), refused.map((message) => [why, show(message)]), invalid]);
        },
        refused: (message, why) => seen.push([why, show(message)]),
        noise: () => seen.push('noise'),
        overflow: () => undefined,
        oversized: () => undefined,
      },
      1 << 24,
    );
    reader.push(bytesOf(text));
    reader.end();
    return seen;
  };
  const LARGE = 'x'.repeat(300_000);

  it.each([
    ['CR between tokens becomes a space', '{"id":1,\r"result":{}}\n', [['message', ['{"id":1, "result":{}}', true]]]],
    ['CR inside a string is refused', '{"id":1,"result":"\r"}\n', [['unfit', ['{"id":1,"result":" "}', true]]]],
    ['no UTF-8 is refused', '{"method":"notifications/x","params":"\xff"}\n', [['unfit', [expect.any(String), false]]]],
    ['a large line is refused too', `{"id":1,"result":"${LARGE}\r"}\n`, [['unfit', [expect.any(String), true]]]],
    ['a member twice is refused', '{"id":1,"result":{},"result":{}}\n', [['ambiguous', [expect.any(String), true]]]],
    ['an escaped twin is refused', '{"id":1,"i\\u0064":2,"result":{}}\n', [['ambiguous', [expect.any(String), false]]]],
    ['another case is refused', '{"id":1,"result":{},"Error":{}}\n', [['ambiguous', [expect.any(String), true]]]],
    [
      'a method beside a result is refused',
      '{"id":1,"method":"x","result":{}}\n',
      [['ambiguous', [expect.any(String), true]]],
    ],
    [
      'a batch is refused element by element',
      '[{"id":1,"result":"\r"}]\n',
      [['batch', [], [['unfit', [expect.any(String), true]]], 0]],
    ],
    [
      'the valid part of a batch stays',
      '[{"id":1,"result":{}},{"id":2,"id":2,"result":{}},7]\n',
      [['batch', [[expect.any(String), true]], [['ambiguous', [expect.any(String), false]]], 1]],
    ],
  ])('%s', (_what, text, expected) => {
    expect(read(text)).toEqual(expected);
  });
});
