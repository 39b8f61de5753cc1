/** What a machine may send on a channel before it was read, by whoever else uses the line. */
import { EventEmitter } from 'node:events';
import type { Client, ClientChannel } from 'ssh2';
import { describe, expect, it } from 'vitest';
import { Windows } from '../../../src/ssh2/windows.ts';
import { manualClock } from '../link/manual-clock.ts';

const KB = 1024;
const MB = 1024 * KB;
const PACKET = 32 * KB;

/** A connection as ssh2 has it, as far as windows are concerned. */
function line(roundTripMs = 0.2) {
  const clock = manualClock();
  const allowed: [id: number, bytes: number][] = [];
  const protocol = {
    channelData: (id: number, bytes: Buffer) => ({ id, bytes }),
    channelWindowAdjust: (id: number, bytes: number) => {
      allowed.push([id, bytes]);
    },
    _handlers: { USERAUTH_FAILURE: () => undefined, GLOBAL_REQUEST: () => undefined },
  };
  const client = { _protocol: protocol } as unknown as Client;
  const windows = new Windows(client, clock);
  windows.answeredIn(roundTripMs);
  const channel = (id: number) => {
    const raw = Object.assign(new EventEmitter(), { incoming: { window: 2 * MB }, outgoing: { id, state: 'open' } });
    windows.watch(raw as unknown as ClientChannel);
    return {
      raw,
      /** A packet came and was read, as ssh2's Channel.js counts it. */
      bring: (bytes = PACKET) => {
        raw.incoming.window -= bytes;
        const more = 2 * MB - raw.incoming.window;
        if (raw.incoming.window > MB) return;
        raw.incoming.window += more;
        protocol.channelWindowAdjust(id, more);
      },
      say: (bytes = 60) => {
        protocol.channelData(id, Buffer.alloc(bytes));
      },
    };
  };
  return { clock, windows, allowed, channel };
}

/** Brings so much, or what the machine may send, whichever is less. */
function flood(channel: ReturnType<ReturnType<typeof line>['channel']>, bytes: number): number {
  let brought = 0;
  for (; brought < bytes && channel.raw.incoming.window >= PACKET; brought += PACKET) channel.bring();
  return brought;
}

describe('the window of a channel', () => {
  it('is as wide as ever while nobody else uses the line', () => {
    const { channel, allowed } = line();
    const loud = channel(1);
    loud.say();
    expect(flood(loud, 20 * MB)).toBe(20 * MB);
    expect(Math.max(...allowed.map(([, bytes]) => bytes))).toBe(MB);
  });

  it('is narrow beside another channel, and opens again only after a rest', () => {
    const { clock, channel, allowed } = line();
    const [loud, other] = [channel(1), channel(2)];
    other.say();
    expect(flood(loud, 20 * MB)).toBe(2 * MB);
    for (let times = 0; times < 5; times += 1) {
      other.say();
      expect(flood(loud, MB)).toBe(0);
      clock.advance(4);
      other.say();
      expect(flood(loud, MB)).toBe(256 * KB);
    }
    expect(allowed.every(([id, bytes]) => id === 1 && bytes <= 256 * KB)).toBe(true);
  });

  it('is as wide as ever beside heartbeats, which nobody waits for', () => {
    const { channel } = line();
    const [loud, warden] = [channel(1), channel(2)];
    warden.say('h 1234567890\n'.length);
    expect(flood(loud, 20 * MB)).toBe(20 * MB);
  });

  it('is wide again when the others have said nothing for a while', () => {
    const { clock, channel } = line();
    const [loud, other] = [channel(1), channel(2)];
    other.say();
    flood(loud, 20 * MB);
    clock.advance(101);
    flood(loud, PACKET);
    expect(loud.raw.incoming.window).toBe(2 * MB);
    expect(flood(loud, 20 * MB)).toBe(20 * MB);
  });

  it('grows with the round trip, up to what it was', () => {
    const narrowOf = (roundTripMs: number): number => {
      const { clock, channel } = line(roundTripMs);
      const [loud, other] = [channel(1), channel(2)];
      other.say();
      flood(loud, 20 * MB);
      clock.advance(4);
      return loud.raw.incoming.window;
    };
    expect([1, 8, 16, 200].map(narrowOf)).toEqual([256 * KB, MB, 2 * MB, 2 * MB]);
  });

  it('counts the shortest round trip', () => {
    const { clock, channel, windows } = line(0.2);
    windows.answeredIn(500);
    const [loud, other] = [channel(1), channel(2)];
    other.say();
    flood(loud, 20 * MB);
    clock.advance(4);
    expect(loud.raw.incoming.window).toBe(256 * KB);
  });

  it('is told to nobody once the connection is over', () => {
    const { clock, channel, windows, allowed } = line();
    const [loud, other] = [channel(1), channel(2)];
    other.say();
    flood(loud, 20 * MB);
    const told = allowed.length;
    windows.stop();
    clock.advance(1000);
    expect(allowed).toHaveLength(told);
    expect(clock.timers).toBe(0);
  });

  it('leaves a channel that has closed alone', () => {
    const { clock, channel, allowed } = line();
    const [loud, other] = [channel(1), channel(2)];
    other.say();
    flood(loud, 20 * MB);
    loud.raw.outgoing.state = 'closed';
    loud.raw.emit('close');
    clock.advance(1000);
    expect(allowed).toEqual([]);
  });
});
