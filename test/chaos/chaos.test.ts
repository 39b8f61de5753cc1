/** `npm run test:chaos -- --seed N --seconds S`; a short one with every test run. */
import { expect, it } from 'vitest';
import { runChaos } from './run-chaos.ts';

const seed = Number(process.env['CHAOS_SEED'] ?? Math.floor(Math.random() * 1e9));
const seconds = Number(process.env['CHAOS_SECONDS'] ?? 6);
const MEGABYTE = 1024 * 1024;

it(
  `whatever happens for ${seconds} s (seed ${seed}), every call has its own answer, once, and nothing is left behind`,
  async () => {
    const { calls, broken, summary, course, before, after } = await runChaos(seed, seconds);
    console.log(`chaos seed ${seed}, ${seconds} s: ${course.length} faults, ${summary}`);
    console.log(`before ${JSON.stringify(before)}\nafter  ${JSON.stringify(after)}`);
    expect(broken, `seed ${seed}\n${course.join('\n')}`).toEqual([]);
    expect(calls).toBeGreaterThan(seconds * 20);
    expect(after.descriptors).toBeLessThanOrEqual(before.descriptors);
    expect(after.handles).toBeLessThanOrEqual(before.handles);
    expect(after.heap - before.heap).toBeLessThan(8 * MEGABYTE);
  },
  (seconds + 120) * 1000,
);
