/** Windows and ends of a channel against a scripted other side: the faults that a real sshd does not make. */
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { AnywhereError } from '../../../src/base/errors.ts';
import { MuxChannel } from '../../../src/openssh/channel.ts';
import { MESSAGE } from '../../../src/openssh/messages.ts';
import { boolean, string, uint32, WireReader } from '../../../src/ssh/wire.ts';

/** A channel whose packets are kept; window of 10 bytes, packets of at most 4. */
function scripted() {
  const sent: { type: number; body: Buffer }[] = [];
  const sink = {
    send: (...parts: readonly Buffer[]) => {
      const packet = Buffer.concat(parts);
      sent.push({ type: packet.readUInt8(5), body: packet.subarray(10) });
      return true;
    },
    drained: () => Promise.resolve(),
    alive: true,
  };
  const channel = new MuxChannel(sink, { id: 9, windowBytes: 10, maxPacketBytes: 4 });
  const tell = (type: number, ...parts: Buffer[]): boolean =>
    channel.receive(type, new WireReader(Buffer.concat(parts)));
  const data = (): string =>
    sent
      .filter(({ type }) => type === MESSAGE.channelData)
      .map(({ body }) => body.subarray(4).toString())
      .join('|');
  return { channel, tell, sent, data, sink, types: () => sent.map(({ type }) => type) };
}

describe('what is written', () => {
  it('goes out in packets of the allowed size and waits for the window', async () => {
    const { channel, tell, data } = scripted();
    let written = false;
    channel.input.write('abcdefghijklmno', () => {
      written = true;
    });
    expect(data()).toBe('abcd|efgh|ij');
    await new Promise(setImmediate);
    expect(written).toBe(false);
    tell(MESSAGE.channelWindowAdjust, uint32(100));
    expect(data()).toBe('abcd|efgh|ij|klmn|o');
    await new Promise(setImmediate);
    expect(written).toBe(true);
  });

  it('is followed by EOF once, and only after it was sent', async () => {
    const { channel, tell, types } = scripted();
    channel.input.end('abcdefghijkl');
    expect(types()).not.toContain(MESSAGE.channelEof);
    tell(MESSAGE.channelWindowAdjust, uint32(100));
    await once(channel.input, 'finish');
    channel.close();
    expect(types().slice(-2)).toEqual([MESSAGE.channelEof, MESSAGE.channelClose]);
    expect(types().filter((type) => type === MESSAGE.channelEof)).toHaveLength(1);
  });

  it('fails when the connection is lost while it waits', async () => {
    const { channel } = scripted();
    const failed = new Promise((resolve) => channel.input.write('abcdefghijklmno', resolve));
    const cause = new AnywhereError('LINK_LOST', 'gone');
    channel.lose(cause);
    expect(await failed).toBe(cause);
    expect(await channel.ended).toEqual({ kind: 'lost', cause });
    expect(channel.dead).toBe(true);
  });

  it('is never called done on a socket that closed', async () => {
    const { channel, sink } = scripted();
    sink.alive = false;
    const outcome = new Promise((resolve) => channel.input.write('ab', resolve));
    channel.lose(new AnywhereError('LINK_LOST', 'gone'));
    expect(await outcome).toMatchObject({ code: 'LINK_LOST' });
  });
});

describe('what comes', () => {
  it('gives its room back once it was read, half a window at a time', () => {
    const { channel, tell, sent } = scripted();
    channel.output.resume();
    channel.errors.resume();
    const quarter = Buffer.alloc(512 * 1024);
    const adjusts = (): number[] =>
      sent.filter(({ type }) => type === MESSAGE.channelWindowAdjust).map(({ body }) => body.readUInt32BE(0));
    tell(MESSAGE.channelData, string(quarter));
    return new Promise<void>((resolve) => setImmediate(resolve)).then(async () => {
      expect(adjusts()).toEqual([]);
      tell(MESSAGE.channelExtendedData, uint32(1), string(quarter));
      await new Promise(setImmediate);
      expect(adjusts()).toEqual([1024 * 1024]);
    });
  });

  it('of an unknown extended kind is dropped', () => {
    const { channel, tell } = scripted();
    tell(MESSAGE.channelExtendedData, uint32(2), string('?'));
    expect([channel.output.read(), channel.errors.read()]).toEqual([null, null]);
  });

  it("after our close is dropped, and the other side's close is the last message", async () => {
    const { channel, tell, types } = scripted();
    channel.close();
    expect(tell(MESSAGE.channelData, string('late'))).toBe(false);
    expect(tell(MESSAGE.channelClose)).toBe(true);
    expect(channel.output.read()).toBe(null);
    expect(await channel.ended).toEqual({ kind: 'closed' });
    expect(types().filter((type) => type === MESSAGE.channelClose)).toHaveLength(1);
  });
});

describe('requests of the other side', () => {
  it('that want an answer get a no', () => {
    const { tell, types } = scripted();
    tell(MESSAGE.channelRequest, string('keepalive@openssh.com'), boolean(true));
    tell(MESSAGE.channelRequest, string('eow@openssh.com'), boolean(false));
    expect(types()).toEqual([MESSAGE.channelFailure]);
  });

  it('tell how the program ended; without them that stays unknown', async () => {
    const first = scripted();
    first.tell(MESSAGE.channelRequest, string('exit-status'), boolean(false), uint32(7));
    first.tell(MESSAGE.channelClose);
    expect(await first.channel.ended).toEqual({ kind: 'exited', code: 7, signal: undefined });
    const second = scripted();
    second.tell(MESSAGE.channelClose);
    expect(await second.channel.ended).toEqual({ kind: 'exited', code: undefined, signal: undefined });
  });
});
