/** When a host gets its warden: one, however many programs start meanwhile, and another try when it could not be started. */
import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { AnywhereError } from '../../../src/base/errors.ts';
import { Scope } from '../../../src/base/scope.ts';
import type { Channel, Transport } from '../../../src/launch/contract.ts';
import { MARK } from '../../../src/launch/marks.ts';
import { Connections } from '../../../src/link/connections.ts';
import { Lease } from '../../../src/link/lease.ts';
import { silentLog } from '../gateway/kit.ts';
import { manualClock } from './manual-clock.ts';

interface Started {
  readonly channel: Channel;
  readonly input: PassThrough;
  readonly output: PassThrough;
}

const NEVER = new Promise<never>(() => undefined);

function guarded(refusals = 0) {
  const clock = manualClock();
  const scope = new Scope(() => undefined);
  const started: Started[] = [];
  let attempts = 0;
  const exec = async (): Promise<Channel> => {
    attempts += 1;
    if (attempts <= refusals) throw new AnywhereError('CHANNEL_REFUSED', 'not now');
    const [input, output, errors] = [new PassThrough(), new PassThrough(), new PassThrough()];
    const channel = { input, output, errors, ended: NEVER, dead: false, close: () => undefined };
    started.push({ channel, input, output });
    return channel;
  };
  const transport = { identity: 'fake', ended: NEVER, exec } as unknown as Transport;
  const connections = new Connections({ host: 'box', clock, scope, dial: () => NEVER, onEnd: () => undefined });
  connections.add(transport);
  const ignore = (): void => undefined;
  const lease = new Lease({
    ...{ host: 'box', clock, random: () => 0.5, log: silentLog, scope, connections },
    heartbeat: { intervalMs: 1_000, leaseMs: 60_000 },
    ...{ onEcho: ignore, onSilent: ignore, onLate: ignore },
  });
  return { clock, lease, started, attempts: () => attempts };
}

/** What is under way goes on. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

const PROGRAM = { sshdPid: 100, standInPid: undefined };

it('one is enough for programs that start while it is slow to come up', async () => {
  const { clock, lease, started } = guarded();
  lease.guard(PROGRAM);
  clock.advance(2_000);
  await settled();
  expect(started).toHaveLength(1);
  lease.guard(PROGRAM);
  clock.advance(1_000);
  await settled();
  expect(started).toHaveLength(1);
  const nonce = /[0-9a-f]{32}/u.exec(String(started[0]?.input.read()))?.[0] ?? '';
  started[0]?.output.write(`\n${nonce}${MARK.ready} 200 100\n`);
  await settled();
  lease.guard(PROGRAM);
  clock.advance(1_000);
  await settled();
  expect(started).toHaveLength(1);
  expect(String(started[0]?.input.read())).toContain('c 100\n');
});

it('one that could not be started is tried again, though no other program starts', async () => {
  const { clock, lease, started } = guarded(1);
  lease.guard(PROGRAM);
  clock.advance(2_000);
  await settled();
  expect(started).toEqual([]);
  clock.advance(10_000);
  await settled();
  expect(started).toHaveLength(1);
});
