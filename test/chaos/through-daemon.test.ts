/** Shims in front of a daemon, which is killed, stopped, frozen and followed by others meanwhile. */
import { expect, it } from 'vitest';
import { patienceMs, seconds, unbroken } from './report.ts';

const MEGABYTE = 1024 * 1024;

it(
  `whatever happens to it too for ${seconds} s, every call has its own answer, once, and nothing is left behind`,
  async () => {
    const { before, after } = await unbroken('daemon');
    expect(after.rss - before.rss).toBeLessThan(96 * MEGABYTE);
  },
  patienceMs,
);
