/** A program that writes on stdout and stderr without end, while nobody reads its stdout. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Sshd, startSshd } from '../harness/sshd.ts';
import { launchOf, NEVER, sshLink } from './launch-support.ts';

let sshd: Sshd;
beforeAll(async () => {
  sshd = await startSshd();
});
afterAll(() => sshd.stop());

const BOTH = 'while :; do head -c 100000 /dev/zero; echo still here >&2; done';

it('is held back, stderr or not, and goes on when it is read again', async () => {
  const channel = await sshLink(sshd).open(launchOf('sh', ['-c', BOTH]), NEVER);
  let read = 0;
  channel.errors.resume();
  channel.output.on('data', (chunk: Buffer) => {
    read += chunk.length;
  });
  await expect.poll(() => read).toBeGreaterThan(1 << 20);
  channel.output.pause();
  const before = process.memoryUsage().arrayBuffers;
  await new Promise((resolve) => {
    setTimeout(resolve, 2_000);
  });
  expect((process.memoryUsage().arrayBuffers - before) / 2 ** 20).toBeLessThan(40);
  const paused = read;
  channel.output.resume();
  await expect.poll(() => read).toBeGreaterThan(paused + (20 << 20));
});
