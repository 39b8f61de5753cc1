import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Splice } from '../../../src/protocol/splice.ts';
import { MessageWriter } from '../../../src/protocol/writer.ts';
import { settled, watched } from './kit.ts';

const line = (text: string): Buffer[] => [Buffer.from(text)];

describe('MessageWriter', () => {
  it('writes what comes in one turn as one chunk, a line each', async () => {
    const { stream, chunks } = watched();
    const writer = new MessageWriter(stream);
    writer.write(line('one'));
    writer.write([Buffer.from('tw'), Buffer.from('o')]);
    await Promise.resolve().then(() => {
      writer.write(line('three'));
    });
    await settled();
    expect(chunks().map(String)).toEqual(['one\ntwo\nthree\n']);
  });

  it('keeps the order of small and large messages', async () => {
    const { stream, lines } = watched();
    const writer = new MessageWriter(stream);
    const sent = [10, 300_000, 5, 140_000, 1].map((size, index) => String(index).repeat(size));
    for (const text of sent) writer.write(line(text));
    await settled();
    expect(lines()).toEqual(sent);
  });

  it('writes edited messages, small and large, as if they were put together before', async () => {
    const { stream, lines } = watched();
    const writer = new MessageWriter(stream);
    for (const size of [5, 200_000, 7])
      writer.write(
        new Splice(Buffer.from(`a${'b'.repeat(size)}c`), [
          { span: { start: 0, end: 1 }, text: 'é😀' },
          { span: { start: size + 1, end: size + 2 }, text: '' },
        ]),
      );
    await settled();
    expect(lines()).toEqual([5, 200_000, 7].map((size) => `é😀${'b'.repeat(size)}`));
  });

  it('writes every line as if it were put together before, however its edits grow and shrink it', async () => {
    const edited = fc.record({
      before: fc.nat(200),
      cut: fc.nat(30),
      put: fc.oneof(fc.nat(), fc.string()),
      rest: fc.nat(90),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(edited, { maxLength: 12 }), fc.nat(3000), async (all, chunkBytes) => {
        const { stream, lines } = watched();
        const writer = new MessageWriter(stream, undefined, { chunkBytes });
        const expected = all.map(({ before, cut, put, rest }, index) => {
          const text = typeof put === 'number' ? put : JSON.stringify(put);
          const bytes = Buffer.from(`${'b'.repeat(before)}${'#'.repeat(cut)}${'r'.repeat(rest)}${index}`);
          writer.write(new Splice(bytes, [{ span: { start: before, end: before + cut }, text }]));
          return `${'b'.repeat(before)}${text}${'r'.repeat(rest)}${index}`;
        });
        await settled();
        expect(lines()).toEqual(expected);
      }),
    );
  });

  it('tells when the stream is full and when it has drained, once each', async () => {
    const stream = new PassThrough({ highWaterMark: 100 });
    const told: boolean[] = [];
    const writer = new MessageWriter(stream, (congested) => told.push(congested));
    for (let count = 0; count < 5; count += 1) {
      writer.write(line('x'.repeat(200)));
      await settled();
    }
    expect([told, writer.congested]).toEqual([[true], true]);
    stream.resume();
    await settled();
    expect([told, writer.congested]).toEqual([[true, false], false]);
  });

  it('writes nothing once it is closed', async () => {
    const { stream, chunks } = watched();
    const writer = new MessageWriter(stream);
    writer.write(line('dropped'));
    writer.close();
    writer.write(line('dropped too'));
    writer.flush();
    await settled();
    expect(chunks()).toEqual([]);
  });
});
