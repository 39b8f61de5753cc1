/** A daemon that was stopped in its tracks, as whoever wants to start one meets it. */
import { expect, it, onTestFinished } from 'vitest';
import { AnywhereError } from '../../../src/base/errors.ts';
import { connectOrStart } from '../../../src/daemon/start.ts';
import { ManualClock } from '../../harness/manual-clock.ts';
import { BIN } from '../../harness/program.ts';
import { daemonOf, localHostsFile } from './kit.ts';

it('is told by its process after half a minute, with what wakes it; and then it serves', async () => {
  const file = localHostsFile('echo.mjs');
  const { daemon, endpoint, hello, sandbox } = await daemonOf(file);
  daemon.kill('SIGSTOP');
  onTestFinished(() => daemon.kill('SIGCONT'));
  const clock = new ManualClock();
  const start = {
    ...{ endpoint, clock, env: sandbox.env, hello: hello('mcp') },
    words: { file, source: 'flag' } as const,
    program: { node: process.execPath, file: BIN },
  };
  const outcome = connectOrStart(start, new AbortController().signal).then(
    () => 'served',
    (error: unknown) => error,
  );
  await expect.poll(() => clock.pending, { message: 'a deadline' }).toBeGreaterThan(0);
  clock.advance(29_999);
  expect(await Promise.race([outcome, new Promise((resolve) => setTimeout(resolve, 50, 'waits'))])).toBe('waits');
  clock.advance(1);
  const error = await outcome;
  expect(error).toBeInstanceOf(AnywhereError);
  expect(error).toMatchObject({ code: 'NO_DAEMON', hint: `kill -CONT ${daemon.pid}` });
  expect(String(error)).toMatch(/does not answer within 30 s: it was stopped \(SIGSTOP\)/);
  daemon.kill('SIGCONT');
  const socket = await connectOrStart(start, AbortSignal.timeout(10_000));
  socket.destroy();
});
