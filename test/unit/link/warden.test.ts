import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { Warden } from '../../../src/link/warden.ts';
import { manualClock } from './manual-clock.ts';

function setUp(heartbeat = { intervalMs: 5_000 }) {
  const clock = manualClock();
  const input = new PassThrough({ encoding: 'utf8' });
  const output = new PassThrough();
  const seen = { echoes: [] as number[], suspect: 0, silent: 0, closed: 0, late: 0 };
  const bytes = { count: 0 };
  const warden = new Warden({
    clock,
    get intervalMs() {
      return heartbeat.intervalMs;
    },
    program: {
      input,
      output,
      errors: new PassThrough(),
      close: () => {
        seen.closed += 1;
      },
    },
    onEcho: (rttMs) => seen.echoes.push(rttMs),
    onSuspect: () => {
      seen.suspect += 1;
    },
    onSilent: () => {
      seen.silent += 1;
    },
    onLate: () => {
      seen.late += 1;
    },
    heard: () => bytes.count,
  });
  const written = (): string => String(input.read() ?? '');
  /** Streams hand their data on in a later turn. */
  const echo = async (text: string): Promise<void> => {
    output.write(text);
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  };
  return { clock, warden, seen, written, echo, bytes };
}

describe('our end of the warden', () => {
  it('beats at once and every interval, and measures the echo', async () => {
    const { clock, seen, written, echo } = setUp();
    expect(written()).toBe('h 1\n');
    clock.advance(40);
    await echo('h 1\n');
    clock.advance(5_000);
    expect(written()).toBe('h 2\n');
    await echo('h ');
    await echo('2\nnothing known\n');
    expect(seen).toMatchObject({ echoes: [40, 40], suspect: 0, silent: 0 });
  });

  it('keeps to another interval from its next beat on', async () => {
    const heartbeat = { intervalMs: 5_000 };
    const { clock, written, echo } = setUp(heartbeat);
    await echo('h 1\n');
    heartbeat.intervalMs = 1_000;
    clock.advance(5_000);
    await echo('h 2\n');
    expect(written()).toBe('h 1\nh 2\n');
    clock.advance(1_000);
    expect(written()).toBe('h 3\n');
  });

  it('suspects at 10 s and gives up at 15 s without an echo', () => {
    const { clock, seen } = setUp();
    clock.advance(9_999);
    expect(seen).toMatchObject({ suspect: 0, silent: 0 });
    clock.advance(1);
    expect(seen).toMatchObject({ suspect: 1, silent: 0 });
    clock.advance(5_000);
    expect(seen).toMatchObject({ suspect: 1, silent: 1 });
    expect(clock.timers).toBe(0);
  });

  it('does not give up a line that answers late', async () => {
    const { clock, seen, echo } = setUp();
    for (let beat = 1; beat < 10; beat += 1) {
      clock.advance(5_000);
      await echo(`h ${String(beat)}\n`);
    }
    expect(seen).toMatchObject({ suspect: 0, silent: 0 });
  });

  it('asks once more after a sleep, and gives up three seconds later', async () => {
    const { clock, warden, seen, echo } = setUp();
    await echo('h 1\n');
    warden.awake();
    clock.advance(2_999);
    expect(seen.silent).toBe(0);
    clock.advance(1);
    expect(seen.silent).toBe(1);
    expect(clock.timers).toBe(0);
  });

  it('goes on after a sleep that the line survived', async () => {
    const { clock, warden, seen, echo } = setUp();
    await echo('h 1\n');
    warden.awake();
    await echo('h 2\n');
    clock.advance(4_000);
    expect(seen.silent).toBe(0);
    expect(clock.timers).toBe(1);
  });

  it('tells of an echo that is late when the line is about to be used, and knows what to make of it', async () => {
    const { clock, warden, seen, echo, written } = setUp();
    await echo('h 1\n');
    written();
    clock.advance(1_000);
    warden.poke();
    warden.poke();
    expect(written()).toBe('h 2\n');
    clock.advance(1_000);
    expect(seen.late).toBe(1);
    expect(warden.isDoubtful).toBe(true);
    const alive = warden.isAlive();
    await echo('h 2\n');
    expect([await alive, warden.isDoubtful]).toEqual([true, false]);
  });

  it('says that the line is not alive once it is given up', async () => {
    const { clock, warden } = setUp();
    const alive = warden.isAlive();
    clock.advance(15_000);
    expect(await alive).toBe(false);
  });

  it('takes any byte of the connection for a sign of life', async () => {
    const { clock, warden, seen, bytes } = setUp();
    for (let beat = 0; beat < 6; beat += 1) {
      bytes.count += 1;
      clock.advance(5_000);
    }
    expect([seen.silent, warden.isDoubtful]).toEqual([0, false]);
    clock.advance(20_000);
    expect(seen.silent).toBe(1);
  });

  it('says goodbye, and beats no more', () => {
    const { clock, warden, seen, written } = setUp();
    warden.cover(12);
    warden.end(13);
    warden.kill('abcdef');
    warden.goodbye();
    expect(written()).toBe('h 1\nc 12\nx 13\nk abcdef\nb\n');
    expect(seen.closed).toBe(1);
    expect(clock.timers).toBe(0);
  });

  it.each([
    ['an endless line', 'x'.repeat(8_192)],
    ['lines that nobody asked for', 'x\n'.repeat(2_000)],
    ['echoes of no beat', 'h 1\n'.repeat(2_000)],
  ])('gives up a channel that brings %s', async (_what, text) => {
    const { seen, echo } = setUp();
    await echo(text);
    await echo(text);
    expect(seen.closed).toBe(1);
    const { length } = seen.echoes;
    await echo('h 1\n');
    expect(seen.echoes).toHaveLength(length);
  });
});
