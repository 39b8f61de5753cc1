/** The program in this process: what it holds is seen from inside. */
import { expect, it } from 'vitest';
import { patienceMs, seconds, unbroken } from './report.ts';

it(
  `whatever happens for ${seconds} s, every call has its own answer, once, and nothing is left behind`,
  async () => {
    const { before, after } = await unbroken('process');
    expect(after.handles).toBeLessThanOrEqual(before.handles ?? 0);
  },
  patienceMs,
);
