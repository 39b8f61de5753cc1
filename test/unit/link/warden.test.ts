import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { Warden } from '../../../src/link/warden.ts';
import { manualClock } from './manual-clock.ts';

function setUp() {
  const clock = manualClock();
  const input = new PassThrough({ encoding: 'utf8' });
  const output = new PassThrough();
  const seen = { echoes: [] as number[], suspect: 0, silent: 0, outputWatch: 0, closed: 0 };
  const warden = new Warden({
    clock,
    intervalMs: 5_000,
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
    onOutputWatch: () => {
      seen.outputWatch += 1;
    },
  });
  const written = (): string => String(input.read() ?? '');
  /** Streams hand their data on in a later turn. */
  const echo = async (text: string): Promise<void> => {
    output.write(text);
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  };
  return { clock, warden, seen, written, echo };
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
    await echo('2\nw\n');
    expect(seen).toMatchObject({ echoes: [40, 40], suspect: 0, silent: 0, outputWatch: 1 });
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
    const { clock, seen, echo } = setUp();
    await echo('h 1\n');
    clock.jump(3_600_000);
    clock.advance(5_000);
    clock.advance(2_999);
    expect(seen.silent).toBe(0);
    clock.advance(1);
    expect(seen.silent).toBe(1);
  });

  it('goes on after a sleep that the line survived', async () => {
    const { clock, seen, echo } = setUp();
    await echo('h 1\n');
    clock.jump(3_600_000);
    clock.advance(5_000);
    await echo('h 2\n');
    clock.advance(8_000);
    expect(seen.silent).toBe(0);
    expect(clock.timers).toBe(1);
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
});
