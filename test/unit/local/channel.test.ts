import { once } from 'node:events';
import { expect, it, onTestFinished } from 'vitest';
import type { LaunchedChannel, Link } from '../../../src/link/contract.ts';
import { createLocalDialer } from '../../../src/local/dialer.ts';
import { scratch } from '../../harness/scratch.ts';
import { LOCAL_HOST, launchOf, linkDeps, linkOver, NEVER } from '../../integration/launch-support.ts';

async function saying(script: string): Promise<{ link: Link; channel: LaunchedChannel }> {
  const deps = linkDeps(scratch());
  const link = linkOver(createLocalDialer(LOCAL_HOST, deps), LOCAL_HOST, deps);
  onTestFinished(() => link.close());
  const channel = await link.open(launchOf('sh', ['-c', script]), NEVER);
  // Whoever does not say at once that stderr will be read later finds it read away.
  channel.errors.pause();
  await once(channel.output, 'data');
  return { link, channel };
}

it('what a program has said on stderr is still read after a close, and the link waits for it', async () => {
  const { link, channel } = await saying('echo last words >&2; echo up; cat');
  channel.close();
  let heard = '';
  channel.errors
    .on('data', (chunk: Buffer) => {
      heard += chunk.toString();
    })
    .resume();
  await link.close();
  expect(heard).toBe('last words\n');
});

it('a program that holds its stderr does not hold up the end of the link', async () => {
  const { link, channel } = await saying(`trap '' TERM; echo up; cat; sleep 60`);
  channel.errors.resume();
  const began = performance.now();
  channel.close();
  expect(await channel.ended).toEqual({ kind: 'closed' });
  await link.close();
  expect(performance.now() - began).toBeLessThan(20_000);
});
