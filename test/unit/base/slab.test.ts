import { describe, expect, it } from 'vitest';
import { Slab } from '../../../src/base/slab.ts';

describe('Slab', () => {
  it('gives parts that do not overlap, several of one buffer, and large ones a buffer of their own', () => {
    const slab = new Slab();
    const parts = [1, 16_000, 16_384, 16_385, 0, 16_000, 16_000, 16_000, 7].map((size) => slab.take(size));
    for (const [index, part] of parts.entries()) part.fill(index);
    expect(parts.every((part, index) => part.every((byte) => byte === index))).toBe(true);
    expect(parts.map(({ length }) => length)).toEqual([1, 16_000, 16_384, 16_385, 0, 16_000, 16_000, 16_000, 7]);
    const buffers = parts.map((part) => part.buffer);
    expect([buffers[0] === buffers[1], buffers[2] === buffers[3], buffers[0] === buffers[8]]).toEqual([
      true,
      false,
      false,
    ]);
  });
});
