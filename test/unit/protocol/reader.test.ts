import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MessageReader } from '../../../src/protocol/reader.ts';
import { chunked, cuts } from './kit.ts';

type Seen =
  | readonly [kind: 'message' | 'noise' | 'batch' | 'unfit' | 'ambiguous', text: string]
  | readonly ['oversized', number]
  | readonly ['overflow'];

function read(chunks: readonly (Buffer | string)[], maxBytes = 1 << 20): Seen[] {
  const seen: Seen[] = [];
  const reader = new MessageReader(
    {
      message: ({ bytes }) => seen.push(['message', bytes.toString()]),
      batch: ({ messages }) => seen.push(['batch', messages.map(({ bytes }) => bytes.toString()).join('|')]),
      refused: ({ bytes }, why) => seen.push([why, bytes.toString()]),
      noise: (line) => seen.push(['noise', line.toString()]),
      overflow: () => seen.push(['overflow']),
      oversized: (size) => seen.push(['oversized', size]),
    },
    maxBytes,
  );
  for (const chunk of chunks) reader.push(Buffer.from(chunk));
  reader.end();
  return seen;
}

const messagesOf = (seen: readonly Seen[]): unknown[] =>
  seen.flatMap(([kind, text]) => (kind === 'message' ? [JSON.parse(text) as unknown] : []));

const reply = (id: number, result: unknown): object => ({ jsonrpc: '2.0', id, result });
const ONE = JSON.stringify(reply(1, {}));
const TWO = JSON.stringify(reply(2, ['é', '\n', '}']));

const line = fc.oneof(
  fc.constantFrom(
    ONE,
    TWO,
    '',
    '{',
    '}',
    '  "a": 1',
    'plain noise',
    '[1,2]',
    `[${ONE},${TWO}]`,
    '\uFEFF',
    '\u001B[31mred\u001B[0m',
  ),
  fc.json().map((json) => `{"jsonrpc":"2.0","id":3,"result":${json}}`),
  fc.json().map((json) => JSON.stringify(reply(4, JSON.parse(json)), null, 2)),
);

describe('MessageReader', () => {
  it('reads the same from any chunking', () => {
    fc.assert(
      fc.property(fc.array(line, { maxLength: 12 }), fc.constantFrom('\n', '\r\n'), cuts, (lines, end, at) => {
        const bytes = Buffer.from(lines.join(end) + end);
        expect(read(chunked(bytes, at))).toEqual(read([bytes]));
      }),
    );
  });

  it('hands on the bytes of a message as they are', () => {
    const odd = '{ "result" : {"n":1.0,"big":12345678901234567890,"e":1e400,"d":1,"d":2},"id":1,"x":"\\u0041\\/" }';
    expect(read([`${odd}\n`])).toEqual([['message', odd]]);
  });

  it.each([
    ['a byte order mark', `\uFEFF${ONE}\n`],
    ['CRLF', `${ONE}\r\n`],
    ['colours in front', `\u001B[32m\u001B[0m${ONE}\n`],
    ['colours around', `\u001B[32m${ONE}\u001B[0m\n`],
    ['blanks around', `  \t${ONE} \t\n`],
    ['empty lines', `\n\r\n${ONE}\n\n`],
    ['no newline at the end', ONE],
  ])('understands a message with %s', (_what, text) => {
    expect(messagesOf(read([text]))).toEqual([reply(1, {})]);
    expect(read([text])).toHaveLength(1);
  });

  it('finds a message behind text that had no newline', () => {
    expect(read([`Loading… 100% ${ONE}\n`])).toEqual([
      ['noise', 'Loading… 100% '],
      ['message', ONE],
    ]);
    expect(read([`\u001B]0;title\u0007${ONE}\n`]).at(-1)).toEqual(['message', ONE]);
  });

  it.each([2, 4, '\t', '    '])('understands a message printed with an indent of %j', (indent) => {
    const value = reply(5, { text: '}\n{', list: [1, { a: [] }], empty: {} });
    const text = JSON.stringify(value, null, indent);
    expect(messagesOf(read([`${text}\n${ONE}\n`]))).toEqual([value, reply(1, {})]);
    expect(messagesOf(read([`${text.replaceAll('\n', '\r\n')}\r\n`]))).toEqual([value]);
  });

  it.each([
    ['as it is', (text: string) => text],
    ['with CRLF', (text: string) => `${text}\r`],
    ['with a byte order mark', (text: string) => `\uFEFF${text}`],
    ['in colours', (text: string) => `\u001B[32m${text}\u001B[0m`],
    ['behind blanks', (text: string) => `  ${text} `],
    ['behind text that had no newline', (text: string) => `Loading… ${text}`],
    ['in a batch', (text: string) => `[${text},${ONE}]`],
    ['printed with an indent', (text: string) => JSON.stringify(JSON.parse(text), null, 2)],
    ['behind an open brace', (text: string) => `{\n${text}`],
    ['cut off', (text: string) => text.slice(0, -9)],
    ['with too much behind it', (text: string) => `${text}"`],
  ])('reads a large message %s from chunks', (_what, written) => {
    const text = written(JSON.stringify(reply(7, { text: `é"\\\n`.repeat(60_000), list: ['x'.repeat(300_000), 1] })));
    const bytes = Buffer.from(`${ONE}\n${text}\n${TWO}\n`);
    for (const size of [65_536, 32_001, 1000]) {
      const at = Array.from({ length: bytes.length / size }, (_, index) => index * size);
      // Not compared by `toEqual`, which would print it all.
      expect(JSON.stringify(read(chunked(bytes, at), 1 << 24)) === JSON.stringify(read([bytes], 1 << 24))).toBe(true);
    }
  });

  it('hands a pretty-printed message on as one line', () => {
    const [[, text] = ['', '']] = read([`${JSON.stringify(reply(5, [1]), null, 2)}\n`]);
    expect(text).not.toContain('\n');
  });

  it('keeps pretty-printed JSON that is no message as noise, line by line', () => {
    const seen = read(['{\n  "level": "info"\n}\n', `${ONE}\n`]);
    expect(seen).toEqual([
      ['noise', '{'],
      ['noise', '"level": "info"'],
      ['noise', '}'],
      ['message', ONE],
    ]);
  });

  it('does not let a lone brace swallow the message behind it', () => {
    expect(read([`{\nnot json\n${ONE}\n`])).toEqual([
      ['noise', '{'],
      ['noise', 'not json'],
      ['message', ONE],
    ]);
  });

  it('lets go of held lines long before their number costs memory', () => {
    const limit = 64 * 1024;
    const seen: string[] = [];
    const reader = new MessageReader(
      {
        message: () => undefined,
        batch: () => undefined,
        refused: () => undefined,
        noise: (text) => seen.push(text.toString()),
        overflow: () => undefined,
        oversized: () => undefined,
      },
      limit,
    );
    reader.push(Buffer.from(`{\n${'x\n'.repeat(2000)}`));
    expect(seen.length).toBeGreaterThan(0);
  });

  it('gives batches whole, and those that are none as noise', () => {
    expect(read([`[${ONE},${TWO}]\n`])).toEqual([['batch', `${ONE}|${TWO}`]]);
    expect(read(['[]\n', '[1]\n', `[${ONE},{}]\n`]).map(([kind]) => kind)).toEqual(['noise', 'noise', 'batch']);
  });

  it('refuses a message over the cap, and that one alone', () => {
    const long = JSON.stringify(reply(9, 'x'.repeat(5000)));
    expect(read([`${ONE}\n${long}\n${TWO}\n`], 1000)).toEqual([
      ['message', ONE],
      ['overflow'],
      ['oversized', long.length],
      ['message', TWO],
    ]);
  });

  it('tells of an overflow before the line has ended', () => {
    expect(read(['x'.repeat(2000)], 1000)[0]).toEqual(['overflow']);
  });

  it('takes a new cap at once', () => {
    const seen: string[] = [];
    const reader = new MessageReader(
      {
        message: () => seen.push('message'),
        batch: () => undefined,
        refused: () => undefined,
        noise: () => undefined,
        overflow: () => seen.push('overflow'),
        oversized: () => undefined,
      },
      10,
    );
    reader.limit(1000);
    reader.push(Buffer.from(`${ONE}\n`));
    expect(seen).toEqual(['message']);
  });

  it('survives depth without end', () => {
    const deep = `{"jsonrpc":"2.0","id":1,"result":${'['.repeat(1_500_000)}\n${ONE}\n`;
    expect(read([deep], 1 << 30).map(([kind]) => kind)).toEqual(['noise', 'message']);
  });
});
