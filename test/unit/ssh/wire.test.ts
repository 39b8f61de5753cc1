/** Messages survive any chunking; what is not one is refused. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { channelDataHeader } from '../../../src/openssh/messages.ts';
import { boolean, byte, Framing, framed, string, uint32, WireReader } from '../../../src/ssh/wire.ts';

describe('framing', () => {
  it('gives every body back, wherever the stream was cut', () => {
    const bodies = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 });
    fc.assert(
      fc.property(bodies, fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }), (wanted, cuts) => {
        const stream = Buffer.concat(wanted.map((body) => framed(body)));
        const framing = new Framing(1000);
        const got: Buffer[] = [];
        for (let at = 0, turn = 0; at < stream.length; turn++) {
          const size = cuts[turn % cuts.length] ?? 1;
          got.push(...[...framing.push(stream.subarray(at, at + size))].map((body) => Buffer.from(body)));
          at += size;
        }
        expect(got).toEqual(wanted.map((body) => Buffer.from(body)));
      }),
    );
  });

  it('refuses a length that no message has', () => {
    expect(() => [...new Framing(1000).push(Buffer.from('HTTP/1.1 400'))]).toThrow(RangeError);
  });
});

describe('the data types', () => {
  it('are read as they were written', () => {
    const reader = new WireReader(
      Buffer.concat([byte(7), boolean(true), uint32(0xffffffff), string('grüße'), string(Buffer.of(0, 255))]),
    );
    expect([reader.byte(), reader.boolean(), reader.uint32(), reader.text(), reader.string()]).toEqual([
      7,
      true,
      0xffffffff,
      'grüße',
      Buffer.of(0, 255),
    ]);
  });

  it('throw where the message is too short', () => {
    expect(() => new WireReader(uint32(5)).string()).toThrow(RangeError);
    expect(() => new WireReader(Buffer.alloc(3)).uint32()).toThrow(RangeError);
  });

  it('make the header of a data message equal to the message written whole', () => {
    const data = Buffer.from('hello');
    expect(Buffer.concat([channelDataHeader(3, data.length), data])).toEqual(
      framed(Buffer.of(0, 94), uint32(3), string(data)),
    );
  });
});
