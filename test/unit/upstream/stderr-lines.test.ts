import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { eachLine, RecentLines } from '../../../src/upstream/stderr-lines.ts';
import { settled } from '../protocol/kit.ts';

async function linesOf(...chunks: (string | Buffer)[]): Promise<string[]> {
  const stream = new PassThrough();
  const lines: string[] = [];
  eachLine(stream, (line) => lines.push(line));
  for (const chunk of chunks) stream.write(chunk);
  stream.end();
  await settled();
  return lines;
}

describe('eachLine', () => {
  it('gives the lines that are not empty, also the last without a newline', async () => {
    expect(await linesOf('one\r\n\n  \ntw', 'o\nthree')).toEqual(['one', 'two', 'three']);
  });

  it('keeps letters together that come in two chunks', async () => {
    const bytes = Buffer.from('é😀\n');
    expect(await linesOf(bytes.subarray(0, 1), bytes.subarray(1, 4), bytes.subarray(4))).toEqual(['é😀']);
  });

  it('cuts a line without end, and says how long it was', async () => {
    const [line = ''] = await linesOf('x'.repeat(100_000), '\n');
    expect(line).toMatch(/^x{512}… \(100000 bytes in one line\)$/);
  });

  it('survives a stream that breaks', async () => {
    const stream = new PassThrough();
    eachLine(stream, () => undefined);
    stream.destroy(new Error('broken'));
    await settled();
    expect(stream.destroyed).toBe(true);
  });
});

describe('RecentLines', () => {
  it('keeps the last twelve', () => {
    const recent = new RecentLines();
    for (let count = 1; count <= 20; count += 1) recent.add(String(count));
    expect(recent.lines).toEqual(Array.from({ length: 12 }, (_, index) => String(index + 9)));
  });

  it('hands out evidence that does not change any more', () => {
    const recent = new RecentLines();
    recent.add('before');
    const evidence = recent.lines;
    recent.add('after');
    expect(evidence).toEqual(['before']);
  });
});
