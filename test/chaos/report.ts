/** What a run prints, and how it is asked for: `npm run test:chaos -- --seed N --seconds S --through daemon|process`. */
import { expect } from 'vitest';
import type { Held, Way } from './program.ts';
import { type ChaosResult, runChaos } from './run-chaos.ts';

const seed = Number(process.env['CHAOS_SEED'] ?? Math.floor(Math.random() * 1e9));
export const seconds = Number(process.env['CHAOS_SECONDS'] ?? 2);
/** Of the heap: code that was compiled late, and tables that have their size now. */
const MAX_GROWTH_BYTES = 12 * 1024 * 1024;
export const patienceMs = (seconds + 150) * 1000;

export async function unbroken(way: Way): Promise<ChaosResult> {
  const again = `npm run test:chaos -- --seed ${seed} --seconds ${seconds} --through ${way}`;
  console.log(`chaos: ${again}`);
  const result = await runChaos(way, seed, seconds);
  const { calls, broken, summary, course, before, after } = result;
  console.log(`${summary}\nbefore ${figures(before)}\nafter  ${figures(after)}`);
  expect(broken, `${again}\n${course.join('\n')}`).toEqual([]);
  expect(calls).toBeGreaterThan(seconds * 10);
  expect(after.heap - before.heap).toBeLessThan(MAX_GROWTH_BYTES);
  if (after.descriptors > before.descriptors) expect(after.open).toEqual(before.open);
  return result;
}

function figures(held: Held): string {
  return JSON.stringify({ ...held, open: undefined });
}
