import { isUtf8 } from 'node:buffer';
import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readOpening } from '../../../src/protocol/envelope.ts';
import { LineFramer } from '../../../src/protocol/framer.ts';
import { Growth } from '../../../src/protocol/growth.ts';
import { LargeLine, type StringTaker } from '../../../src/protocol/large-line.ts';
import { Message } from '../../../src/protocol/message.ts';
import { asReplyTo } from '../../../src/protocol/relay.ts';
import { joinPieces } from '../../../src/protocol/splice.ts';
import { MessageWriter } from '../../../src/protocol/writer.ts';
import { chunked, cuts, parsed, settled, watched } from './kit.ts';
import { peerKit, stateOf } from './peer-kit.ts';

const LONG = 'x'.repeat(2000);

class Collected implements StringTaker {
  readonly parts: Buffer[] = [];
  overs = 0;

  pass(part: Buffer): void {
    this.parts.push(part);
  }

  lineOver(): void {
    this.overs += 1;
  }

  abort(): void {
    this.overs += 1;
  }
}

/** A reply whose text begins with so many bytes that it is a long one. */
const reply = (behind: string, idFirst = true): string =>
  idFirst
    ? `{"jsonrpc":"2.0","id":7,"result":{"content":[{"type":"text","text":"${LONG}${behind}"}]}}`
    : `{"result":{"content":[{"type":"text","text":"${LONG}${behind}"}]},"jsonrpc":"2.0","id":7}`;

function growing(text: string): LargeLine {
  const line = new LargeLine();
  line.append(Buffer.from(text));
  return line;
}

describe('a line whose first long string is passed on', () => {
  const escapes = fc
    .array(fc.constantFrom('a', '\\"', '\\\\', '\\\\\\"', '\\u0041', 'é', '😀', '}', '"uri":'.replaceAll('"', '\\"')))
    .map((parts) => parts.join(''));

  it('loses nothing, for any chunking: its opening, what was passed and what it has left are the line', () => {
    fc.assert(
      fc.property(escapes, fc.boolean(), fc.nat(1500), cuts, (inside, idFirst, more, at) => {
        const bytes = Buffer.from(reply(inside, idFirst));
        const taker = new Collected();
        const line = growing(bytes.toString('utf8', 0, 1700 + (more % 300)));
        const opening = line.opening?.toString() ?? '';
        line.passOn(taker);
        for (const chunk of chunked(bytes.subarray(1700 + (more % 300)), at)) line.append(chunk);
        const left = line.bytes().toString();
        expect(left.startsWith(opening)).toBe(true);
        expect(opening + Buffer.concat(taker.parts).toString() + left.slice(opening.length)).toBe(bytes.toString());
        const message = Message.ofLarge(line);
        expect([message?.taker, message?.idNumber, message?.length]).toEqual([taker, 7, bytes.length]);
      }),
      { numRuns: 300 },
    );
  });

  it('has an opening only inside of its first long string', () => {
    const states = ['{"jsonrpc":"2.0","id":7,"result":{"a":"short', LONG, '","b":"', LONG, '"}}'];
    const line = new LargeLine();
    const seen = states.map((text) => {
      line.append(Buffer.from(text));
      return line.opening !== undefined;
    });
    expect(seen).toEqual([false, true, false, false, false]);
  });

  it.each([
    ['at its end', 1_000_000],
    ['when it grows over the limit', 300_000],
  ])('is over for its taker once, %s', (_when, limit) => {
    const taker = new Collected();
    const ignore = (): void => undefined;
    const growing = (line: LargeLine): void => {
      if (line.opening !== undefined) line.passOn(taker);
    };
    const framer = new LineFramer({ line: ignore, large: ignore, growing, overflow: ignore, oversized: ignore }, limit);
    const overs = ['', 'y'.repeat(400_000), '"}]}}\n{}\n', '{}\n'].map((text, index) => {
      framer.push(Buffer.from(index === 0 ? reply('z'.repeat(280_000)).slice(0, -5) : text));
      return taker.overs;
    });
    expect(overs).toEqual(limit === 300_000 ? [0, 1, 1, 1] : [0, 0, 1, 1]);
  });
});

describe('the opening of a reply', () => {
  it.each([
    ['{"jsonrpc":"2.0","id":12,"result":{"a":"xx', '12'],
    ['{ "id" : "a b" , "jsonrpc":"2.0", "result" : {"a":"xx', '"a b"'],
    ['{"result":{"a":"xx', 'none before the result'],
    ['{"jsonrpc":"2.0","id":1,"error":{"message":"xx', undefined],
    ['{"jsonrpc":"2.0","method":"notifications/message","params":{"data":"xx', undefined],
    ['{"id":1,"id":2,"result":{"a":"xx', undefined],
    ['{"ID":1,"result":{"a":"xx', undefined],
    ['{"id":1,"resul\\u0074":{"a":"xx', undefined],
    ['[{"id":1,"result":{"a":"xx', undefined],
    ['{"id":1', undefined],
    ['{', undefined],
    ['', undefined],
  ])('%s', (text, expected) => {
    const bytes = Buffer.from(text);
    const opening = readOpening(bytes);
    const idText =
      opening?.id === undefined ? 'none before the result' : bytes.toString('utf8', opening.id.start, opening.id.end);
    expect(opening === undefined ? undefined : idText).toBe(expected);
  });
});

describe('growth', () => {
  it('is fast from half a megabyte on, where it came with more than 50 MB/s since the last look', () => {
    const growth = new Growth();
    const looks = [
      [300_000, 0],
      [530_000, 10],
      [1_050_000, 11],
      [1_100_000, 30],
      [2_200_000, 50],
    ].map(([bytes = 0, nowMs = 0]) => growth.isFast(bytes, nowMs));
    expect(looks).toEqual([false, false, false, false, true]);
  });
});

describe('a message that goes ahead', () => {
  it('has the stream for itself until its end, and what was written meanwhile follows in order', async () => {
    const { stream, lines } = watched();
    const writer = new MessageWriter(stream, undefined, { chunkBytes: 10 });
    writer.write([Buffer.from('before')]);
    const ahead = writer.cutThrough([Buffer.from('{"id":1,"a":"'), Buffer.from('xx')]);
    writer.write([Buffer.from('meanwhile')]);
    writer.write([Buffer.from('as well')]);
    expect(writer.cutThrough([Buffer.from('{"b":"')])).toBeUndefined();
    ahead?.pass(Buffer.from('yy'));
    await settled();
    expect([lines(), writer.heldBytes]).toEqual([['before'], 18]);
    expect(ahead?.finish([Buffer.from('{"id":1,'), Buffer.from('"a":"xxzz"'), Buffer.from('}')])).toBe(true);
    ahead?.abort();
    ahead?.pass(Buffer.from('late'));
    await settled();
    expect([lines(), writer.heldBytes]).toEqual([['before', '{"id":1,"a":"xxyyzz"}', 'meanwhile', 'as well'], 0]);
  });

  it('is cut off inside of its string where it gets no end, or another one than it was begun with', async () => {
    const { stream, lines } = watched();
    const writer = new MessageWriter(stream);
    const ends = ['abort', 'lineOver', 'other', 'shorter'].map((how) => {
      const ahead = writer.cutThrough([Buffer.from('{"a":"x')]);
      if (how === 'abort') return ahead?.abort();
      if (how === 'lineOver') return ahead?.lineOver();
      return ahead?.finish([Buffer.from(how === 'other' ? '{"b":"xyz"}' : '{"a"')]);
    });
    await settled();
    expect([ends, lines()]).toEqual([[undefined, undefined, false, false], Array<string>(4).fill('{"a":"x\\')]);
  });

  it.each([['é'], ['€'], ['\u0800'], ['😀'], ['\u{10000}']])(
    'is UTF-8 also where it is cut off inside of %s',
    async (character) => {
      const bytes = Buffer.from(character);
      for (let at = 1; at <= bytes.length; at += 1) {
        const { stream, chunks } = watched();
        const ahead = new MessageWriter(stream).cutThrough([Buffer.from('{"a":"x')]);
        for (const byte of bytes.subarray(0, at)) ahead?.pass(Buffer.from([byte]));
        ahead?.abort();
        await settled();
        expect(isUtf8(Buffer.concat(chunks()))).toBe(true);
      }
    },
  );

  it('does not begin where the stream is full or closed', async () => {
    const full = new MessageWriter(new PassThrough({ highWaterMark: 10 }));
    full.write([Buffer.alloc(100, 'x')]);
    await settled();
    const closed = new MessageWriter(watched().stream);
    closed.close();
    expect([full.congested, full.cutThrough([]), closed.cutThrough([])]).toEqual([true, undefined, undefined]);
  });
});

describe('whoever waits for a large reply', () => {
  const FAR = { timeoutMs: Number.POSITIVE_INFINITY };

  /** A peer with requests 1 to `count` under way; a line for one of them that comes fast. */
  function asked(count: number): {
    readonly kit: ReturnType<typeof peerKit>;
    readonly replies: readonly Promise<Message>[];
    readonly comes: (text: string) => { readonly line: LargeLine; readonly offered: readonly number[] };
  } {
    const kit = peerKit();
    const offered: number[] = [];
    const replies = Array.from(
      { length: count },
      (_none, index) =>
        new Promise<Message>((resolve, reject) => {
          const request = { method: 'm', withId: (id: number) => [Buffer.from(`{"id":${id}}`)] };
          const coming = (line: LargeLine): void => {
            offered.push(index + 1);
            line.passOn(new Collected());
          };
          kit.peer.start(request, FAR, { resolve, reject, coming });
        }),
    );
    const comes = (text: string): { line: LargeLine; offered: readonly number[] } => {
      const line = growing(text);
      kit.peer.growing(line);
      line.append(Buffer.alloc(600_000, 'x'));
      kit.peer.growing(line);
      return { line, offered };
    };
    return { kit, replies, comes };
  }

  it('is found by the id before the result', () => {
    expect(asked(3).comes(reply('').slice(0, -5).replace('"id":7', '"id":2')).offered).toEqual([2]);
  });

  it('is surely the only one, where the id stands behind the result', () => {
    const text = reply('', false).slice(0, 1500);
    expect([asked(1).comes(text).offered, asked(2).comes(text).offered]).toEqual([[1], []]);
  });

  it('is nobody where the line comes slowly, is no reply, or answers what nobody asked', () => {
    const { kit, comes } = asked(2);
    expect(comes(reply('').slice(0, -5)).offered).toEqual([]);
    expect(comes(`{"jsonrpc":"2.0","method":"m","params":{"a":"${LONG}`).offered).toEqual([]);
    const slow = growing(reply('').slice(0, -5).replace('"id":7', '"id":1'));
    kit.peer.growing(slow);
    kit.clock.advance(100);
    slow.append(Buffer.alloc(600_000, 'x'));
    kit.peer.growing(slow);
    expect(slow.taker).toBeUndefined();
  });

  it('gets it whole or not at all: under another id at its end it is nobody’s', async () => {
    const { kit, replies, comes } = asked(2);
    const { line } = comes(reply('').slice(0, -5).replace('"id":7', '"id":2'));
    line.append(Buffer.from('"}]},"id":1}'));
    const message = Message.ofLarge(line);
    if (message !== undefined) kit.peer.receive(message);
    expect(message?.idNumber).toBe(1);
    expect([await stateOf(replies[0] ?? Promise.resolve()), await stateOf(replies[1] ?? Promise.resolve())]).toEqual([
      'pending',
      'pending',
    ]);
    expect(kit.strays).toEqual([message]);
  });

  it('sees it as a message that is the line but for what was passed', () => {
    const { line } = asked(7).comes(reply('').slice(0, -5));
    line.append(Buffer.from('"}],"isError":true}}'));
    const message = Message.ofLarge(line);
    expect([message?.kind, message?.isTrue('isError')]).toEqual(['result', true]);
    const request = parsed('{"jsonrpc":"2.0","id":"a","method":"tools/call"}');
    const out = message === undefined ? '' : joinPieces(asReplyTo(request, message)).toString();
    expect(out).toBe(
      `{"jsonrpc":"2.0","id":"a","result":{"content":[{"type":"text","text":"${'x'.repeat(1024)}"}],"isError":true}}`,
    );
  });
});
