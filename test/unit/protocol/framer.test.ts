import fc from 'fast-check';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { LineFramer } from '../../../src/protocol/framer.ts';
import { chunked, cuts } from './kit.ts';

type Seen = { line: string } | { overflow: true } | { size: number; head: string; tail: string };

function frame(chunks: readonly Buffer[], maxBytes = 1 << 20): Seen[] {
  const seen: Seen[] = [];
  const framer = new LineFramer(
    {
      line: (bytes) => seen.push({ line: bytes.toString('latin1') }),
      overflow: () => seen.push({ overflow: true }),
      oversized: (size, head, tail) =>
        seen.push({ size, head: head.toString('latin1'), tail: tail.toString('latin1') }),
    },
    maxBytes,
  );
  for (const chunk of chunks) framer.push(chunk);
  framer.end();
  return seen;
}

const text = fc
  .array(fc.oneof(fc.constantFrom('\n', '\r\n', '', 'é', '😀'), fc.string({ maxLength: 30 })), { maxLength: 30 })
  .map((parts) => parts.join(''));

describe('LineFramer', () => {
  it('gives the lines of any chunking', () => {
    fc.assert(
      fc.property(text, cuts, (whole, at) => {
        const bytes = Buffer.from(whole);
        const lines = bytes.toString('latin1').split('\n');
        if (lines.at(-1) === '') lines.pop();
        expect(frame(chunked(bytes, at))).toEqual(lines.map((line) => ({ line })));
      }),
    );
  });

  it('puts a large line together without a chunk that costs much more than another', () => {
    const chunks = Array.from({ length: 700 }, (_, at) => Buffer.alloc(65_536, letters(16, at)));
    const copying = vi.spyOn(Buffer.prototype, 'copy');
    onTestFinished(() => {
      copying.mockRestore();
    });
    const lines: Buffer[] = [];
    const framer = new LineFramer(
      { line: (bytes) => lines.push(bytes), overflow: () => undefined, oversized: () => undefined },
      1 << 30,
    );
    const copied = chunks.map((chunk) => {
      copying.mockClear();
      framer.push(chunk);
      return copying.mock.results.reduce((sum, { value }) => sum + (value as number), 0);
    });
    // Bytes: its own, twice as much that moves, and what was gathered before the line was large.
    expect(Math.max(...copied)).toBeLessThanOrEqual(65_536 * 8);
    framer.push(Buffer.from('\n'));
    expect(lines).toHaveLength(1);
    expect(lines[0]?.equals(Buffer.concat(chunks))).toBe(true);
  });

  it('caps the same lines in any chunking, and shows the same ends of them', () => {
    const lines = fc.array(fc.oneof(fc.constantFrom(0, 99, 100, 101, 5000, 9000), fc.nat(300)), { maxLength: 8 });
    fc.assert(
      fc.property(lines, cuts, (sizes, at) => {
        const bytes = Buffer.from(sizes.map((size, index) => `${letters(size, index)}\n`).join(''));
        expect(frame(chunked(bytes, at), 100)).toEqual(frame([bytes], 100));
      }),
    );
  });

  it('shows both ends of a line over the cap, however small its chunks are', () => {
    const line = `{"jsonrpc":"2.0","id":12,${letters(20_000, 1)},"id":12}`;
    const [overflow, oversized] = frame(
      chunked(
        Buffer.from(`${line}\n`),
        Array.from({ length: 20_000 }, (_, at) => at),
      ),
      10_000,
    );
    expect(overflow).toEqual({ overflow: true });
    expect(oversized).toEqual({ size: line.length, head: line.slice(0, 4096), tail: line.slice(-4096) });
  });

  it('shows the end of a line that ends right behind the cap', () => {
    const line = `${letters(10_000, 1)},"id":12}`;
    const [, oversized] = frame(
      chunked(
        Buffer.from(`${line}\n`),
        Array.from({ length: 10_100 }, (_, at) => at),
      ),
      line.length - 1,
    );
    expect(oversized).toMatchObject({ tail: line.slice(-4096) });
  });

  it('goes on with the line behind the one that was too long', () => {
    const seen = frame([Buffer.from(`${letters(200, 0)}\nnext\n`)], 100);
    expect(seen.at(-1)).toEqual({ line: 'next' });
    expect(seen).toHaveLength(3);
  });

  it('holds little of a line over the cap', () => {
    const framer = new LineFramer(
      { line: () => undefined, overflow: () => undefined, oversized: () => undefined },
      10_000,
    );
    for (let count = 0; count < 1000; count += 1) framer.push(Buffer.alloc(65_536, 'x'));
    expect(framer.pendingBytes).toBeLessThan(100_000);
  });

  it.each([
    [4096, 8192],
    [500_000, 1],
  ])('takes time linear in the length: %i chunks of %i', (count, size) => {
    const chunks = Array.from({ length: count }, () => Buffer.alloc(size, 'x'));
    const began = performance.now();
    expect(frame([...chunks, Buffer.from('\n')], 1 << 30)).toHaveLength(1);
    // Putting the line together anew with each chunk would copy some 60 GB.
    expect(performance.now() - began).toBeLessThan(15_000);
  });
});

function letters(size: number, seed: number): string {
  return Array.from({ length: size }, (_, at) => String.fromCharCode(97 + ((at * 7 + seed + (at >> 5)) % 26))).join('');
}
