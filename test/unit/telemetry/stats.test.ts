import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CallStats, type CallStatsDeps } from '../../../src/telemetry/stats.ts';
import { StatsBook, type Totals } from '../../../src/telemetry/stats-book.ts';
import { ManualClock } from '../../harness/manual-clock.ts';
import { scratch } from '../../harness/scratch.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** Begins five minutes, and half an hour. */
const EPOCH = 1_700_000_400_000 - (1_700_000_400_000 % HOUR);

interface Rig {
  readonly stats: CallStats;
  readonly clock: ManualClock;
  readonly file: string;
  readonly broken: string[];
  readonly errors: unknown[];
  /** What background work is under way. */
  readonly work: Promise<unknown>[];
}

function rig(file = join(scratch(), 'state', 'statistics', 'x.jsonl'), clock = new ManualClock(EPOCH)): Rig {
  const [broken, errors, work]: [string[], unknown[], Promise<unknown>[]] = [[], [], []];
  const deps: CallStatsDeps = {
    file,
    clock,
    scope: { run: (promise) => work.push(promise) },
    onBroken: (path) => broken.push(path),
    onError: (error) => errors.push(error),
  };
  return { stats: new CallStats(deps), clock, file, broken, errors, work };
}

function call(stats: CallStats, subject: string, durationMs = 5, isError = false): void {
  stats.tally(subject).add(durationMs, isError, 10, 100);
}

async function calls(stats: CallStats, window: 'hour' | 'day' = 'hour'): Promise<Record<string, number>> {
  return Object.fromEntries([...(await stats.totals(window))].map(([subject, totals]) => [subject, totals.calls]));
}

describe('CallStats', () => {
  it('sums up what was counted', async () => {
    const { stats } = rig();
    call(stats, 'a', 5);
    call(stats, 'a', 5, true);
    call(stats, 'b');
    const totals = await stats.totals('hour');
    expect(totals.get('a')).toMatchObject({ calls: 2, errors: 1, bytesIn: 20, bytesOut: 200 });
    expect(totals.get('b')).toMatchObject({ calls: 1, errors: 0 });
  });

  it('says of a tally that was taken over that it is over, and loses nothing by it', async () => {
    const { stats } = rig();
    const tally = stats.tally('a');
    tally.add(1, false, 0, 0);
    expect(await calls(stats)).toEqual({ a: 1 });
    expect(tally.isOver).toBe(true);
    expect(stats.tally('a').isOver).toBe(false);
    call(stats, 'a');
    expect(await calls(stats)).toEqual({ a: 2 });
  });

  it('forgets after an hour and after a day', async () => {
    const { stats, clock } = rig();
    call(stats, 'a');
    await stats.save();
    clock.advance(59 * MINUTE);
    expect(await calls(stats)).toEqual({ a: 1 });
    clock.advance(6 * MINUTE);
    expect(await calls(stats)).toEqual({});
    expect(await calls(stats, 'day')).toEqual({ a: 1 });
    clock.advance(24 * HOUR);
    expect(await calls(stats, 'day')).toEqual({});
  });

  it('keeps them across a restart, readable by nobody else', async () => {
    const first = rig();
    call(first.stats, 'a', 250, true);
    await first.stats.close();
    expect(statSync(first.file).mode & 0o777).toBe(0o600);
    expect(statSync(join(first.file, '..')).mode & 0o777).toBe(0o700);
    expect(readdirSync(join(first.file, '..'))).toEqual(['x.jsonl']);
    const second = rig(first.file, first.clock);
    expect((await second.stats.totals('day')).get('a')).toEqual(
      (await first.stats.totals('day')).get('a') satisfies Totals | undefined,
    );
    expect(second.broken).toEqual([]);
  });

  it('saves by itself within a minute, and then has no timer', async () => {
    const { stats, clock, file, work } = rig();
    call(stats, 'a');
    expect(clock.foreground).toBe(0);
    clock.advance(MINUTE);
    await Promise.all(work);
    expect(readFileSync(file, 'utf8')).toContain('"a"');
    expect(clock.pending).toBe(0);
  });

  it('counts a call to the five minutes it was in, though it is saved at their end', async () => {
    const { stats, clock, file, work } = rig();
    clock.advance(4.5 * MINUTE);
    call(stats, 'a');
    clock.advance(0.5 * MINUTE);
    await Promise.all(work);
    expect(readFileSync(file, 'utf8')).toContain(`["a",[[${EPOCH},`);
  });

  it('adds to what another process has written meanwhile', async () => {
    const one = rig();
    const other = rig(one.file, one.clock);
    call(one.stats, 'a');
    call(other.stats, 'a');
    await one.stats.save();
    await other.stats.save();
    call(one.stats, 'a');
    await one.stats.save();
    expect(await calls(rig(one.file, one.clock).stats)).toEqual({ a: 3 });
  });

  it('counts on while it saves', async () => {
    const { stats } = rig();
    call(stats, 'a');
    const saved = stats.save();
    call(stats, 'a');
    await saved;
    call(stats, 'a');
    expect(await calls(stats)).toEqual({ a: 3 });
  });

  const BROKEN = {
    'no file of ours': 'hello\n',
    empty: '',
    'cut in the middle': '{"statistics":1}\n["a",[[0,300000,1',
    'negative counts': '{"statistics":1}\n["a",[[0,300000,-1,0,0,0]]]\n',
    'a class that does not exist': '{"statistics":1}\n["a",[[0,300000,1,0,0,0,240,1]]]\n',
    binary: '\0\u0001\u0002',
  };

  it.each(Object.entries(BROKEN))('sets a file aside that is broken: %s', async (_, text) => {
    const { stats, file, broken, errors } = rig();
    mkdirSync(join(file, '..'), { recursive: true });
    writeFileSync(file, text);
    call(stats, 'a');
    expect(await calls(stats)).toEqual({ a: 1 });
    expect(broken).toEqual([`${file}.broken`]);
    expect(readFileSync(`${file}.broken`, 'utf8')).toBe(text);
    await stats.save();
    expect(errors).toEqual([]);
    expect(existsSync(file)).toBe(true);
  });

  it('keeps what it could not write, says so once, and writes it when it can', async () => {
    const { stats, clock, file, errors, work } = rig();
    const folder = join(file, '..');
    mkdirSync(folder, { recursive: true });
    // A folder in its place: not even root can write over it.
    mkdirSync(file);
    call(stats, 'a');
    await stats.save();
    await stats.save();
    expect(errors).toHaveLength(1);
    expect(await calls(stats)).toEqual({ a: 1 });
    chmodSync(folder, 0o700);
    await import('node:fs/promises').then(({ rmdir }) => rmdir(file));
    clock.advance(MINUTE);
    await Promise.all(work);
    expect(readFileSync(file, 'utf8')).toContain('"a"');
    expect(readdirSync(folder)).toEqual(['x.jsonl']);
  });
});

describe('StatsBook', () => {
  const totals: Totals = { calls: 1, errors: 0, bytesIn: 1, bytesOut: 1, durations: [3, 1] };

  it('joins the slots of half an hour once they are an hour old', () => {
    const book = new StatsBook();
    for (let at = 0; at < 6; at += 1) book.add('a', EPOCH + at * 5 * MINUTE, totals);
    book.tidy(EPOCH + HOUR);
    expect(book.subjects.get('a')?.length).toBe(6);
    book.tidy(EPOCH + 1.5 * HOUR);
    expect(book.subjects.get('a')).toEqual([
      { startMs: EPOCH, spanMs: 30 * MINUTE, calls: 6, errors: 0, bytesIn: 6, bytesOut: 6, durations: [3, 6] },
    ]);
  });

  it('never has more than a day of slots for a tool that is always used', () => {
    const book = new StatsBook();
    for (let at = 0; at < 3 * 24 * 12; at += 1) {
      book.add('a', EPOCH + at * 5 * MINUTE, totals);
      book.tidy(EPOCH + at * 5 * MINUTE);
    }
    expect(book.subjects.get('a')?.length).toBeLessThanOrEqual(12 + 1 + 48 + 1);
  });

  it('drops what a clock that was wrong has put into the future', () => {
    const book = new StatsBook();
    book.add('a', EPOCH + 48 * HOUR, totals);
    book.tidy(EPOCH);
    expect(book.isEmpty).toBe(true);
  });

  it('lets what was used longest ago make room', () => {
    const book = new StatsBook();
    book.add('oldest', EPOCH, totals);
    for (let index = 0; index < 12_000; index += 1) book.add(`t${index}`, EPOCH + 5 * MINUTE, totals);
    book.tidy(EPOCH + 10 * MINUTE);
    expect(book.subjects.size).toBe(12_000);
    expect(book.subjects.has('oldest')).toBe(false);
  });
});
