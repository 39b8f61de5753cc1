import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { joinPieces, Splice, splice } from '../../../src/protocol/splice.ts';

describe('splice', () => {
  it('puts in each text and leaves every other byte alone', () => {
    const part = fc.record({
      kept: fc.uint8Array({ maxLength: 20 }),
      cut: fc.nat(10),
      put: fc.oneof(
        fc.string({ maxLength: 10 }),
        fc.constantFrom('é', '😀', '\uD800', '\uDC00x'),
        fc.nat(),
        fc.maxSafeNat(),
      ),
    });
    fc.assert(
      fc.property(
        fc.array(part, { maxLength: 8 }),
        fc.uint8Array({ maxLength: 10 }),
        fc.boolean(),
        (parts, rest, reversed) => {
          const before: Buffer[] = [];
          const after: Buffer[] = [];
          const edits = parts.map(({ kept, cut, put }) => {
            const start = Buffer.concat(before).length + kept.length;
            before.push(Buffer.from(kept), Buffer.alloc(cut, '#'));
            after.push(Buffer.from(kept), Buffer.from(String(put)));
            return { span: { start, end: start + cut }, text: put };
          });
          const ordered = reversed && parts.every(({ cut }) => cut > 0) ? edits.toReversed() : edits;
          const expected = Buffer.concat([...after, rest]);
          expect(joinPieces(splice(Buffer.concat([...before, rest]), ordered))).toEqual(expected);
          const copied = new Splice(Buffer.concat([...before, rest]), ordered);
          const target = Buffer.alloc(copied.length + 4, '!');
          expect([copied.length, copied.copyBefore(target, expected.length + 2)]).toEqual([expected.length, 2]);
          // What stands before may be spoiled, what stands behind may not.
          expect(target.subarray(2)).toEqual(Buffer.concat([expected, Buffer.from('!!')]));
        },
      ),
    );
  });

  it('copies nothing of a large message', () => {
    const bytes = Buffer.alloc(1000, 'x');
    const pieces = splice(bytes, [{ span: { start: 500, end: 501 }, text: 'y' }]);
    expect([pieces[0]?.buffer, pieces[2]?.buffer]).toEqual([bytes.buffer, bytes.buffer]);
  });

  it('gives the bytes themselves where nothing is edited', () => {
    const bytes = Buffer.from('{"a":1}');
    expect(joinPieces(splice(bytes, []))).toEqual(bytes);
    expect(splice(Buffer.alloc(0), [])).toEqual([]);
  });
});
