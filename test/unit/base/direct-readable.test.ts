import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { DirectReadable, pushDirectly } from '../../../src/base/direct-readable.ts';

const kinds: readonly (readonly [string, () => Readable])[] = [
  ['DirectReadable', () => new DirectReadable({ highWaterMark: 4, read: () => undefined })],
  [
    'pushDirectly',
    () => {
      const stream = new Readable({ highWaterMark: 4, read: () => undefined });
      pushDirectly(stream);
      return stream;
    },
  ],
];

describe.each(kinds)('%s', (_name, create) => {
  it('hands a chunk to its listener within the call', () => {
    const stream = create();
    const seen: string[] = [];
    stream.on('data', (chunk: Buffer) => seen.push(chunk.toString()));
    stream.resume();
    expect(stream.push(Buffer.from('one'))).toBe(true);
    expect(seen).toEqual(['one']);
  });

  it('keeps what comes before anybody listens, in order', async () => {
    const stream = create();
    stream.push(Buffer.from('a'));
    stream.push(Buffer.from('b'));
    const whole = text(stream);
    stream.push(Buffer.from('c'));
    await setImmediate();
    stream.push(Buffer.from('d'));
    stream.push(null);
    expect(await whole).toBe('abcd');
  });

  it('keeps what comes while its reader pauses, and says when that is enough', async () => {
    const stream = create();
    const seen: string[] = [];
    stream.on('data', (chunk: Buffer) => {
      seen.push(chunk.toString());
      if (seen.length === 1) stream.pause();
    });
    await setImmediate();
    stream.push(Buffer.from('1'));
    expect(stream.push(Buffer.from('22'))).toBe(true);
    expect(stream.push(Buffer.from('333'))).toBe(false);
    expect(seen).toEqual(['1']);
    stream.resume();
    await setImmediate();
    expect(seen.join('')).toBe('122333');
  });

  it('goes on behind a reader that pauses at every chunk, with a source that heeds what it is told', async () => {
    const stream = create();
    let mayPush = true;
    stream._read = () => {
      mayPush = true;
    };
    let seen = 0;
    stream.on('data', () => {
      seen += 1;
      stream.pause();
    });
    for (let turn = 0; turn < 50; turn += 1) {
      if (mayPush) mayPush = stream.push(Buffer.from('1234567'));
      await setImmediate();
      stream.resume();
      await setImmediate();
    }
    expect(seen).toBeGreaterThan(40);
  });

  it('asks for more once what it kept has been read', async () => {
    let asked = 0;
    const stream = create();
    stream._read = () => {
      asked += 1;
    };
    stream.on('data', () => undefined);
    stream.pause();
    stream.push(Buffer.from('12345'));
    const before = asked;
    stream.resume();
    await setImmediate();
    expect(asked).toBeGreaterThan(before);
  });

  it('ends behind the last chunk', async () => {
    const stream = create();
    const order: string[] = [];
    stream.on('data', () => order.push('data')).on('end', () => order.push('end'));
    await setImmediate();
    stream.push(Buffer.from('x'));
    stream.push(null);
    await setImmediate();
    expect(order).toEqual(['data', 'end']);
  });
});
