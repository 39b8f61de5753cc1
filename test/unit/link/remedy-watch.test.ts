import { describe, expect, it } from 'vitest';
import { AnywhereError } from '../../../src/base/errors.ts';
import { Scope } from '../../../src/base/scope.ts';
import type { LinkState } from '../../../src/link/contract.ts';
import type { Evidence } from '../../../src/link/remedies.ts';
import { RemedyWatch } from '../../../src/link/remedy-watch.ts';
import { manualClock } from './manual-clock.ts';

const CONNECTING: LinkState = { kind: 'connecting', sinceMs: 100, attempt: 1, lastCause: undefined };
const READY: LinkState = { kind: 'ready', sinceMs: 0, rttMs: undefined };

function refusal(code: 'AUTH_FAILED' | 'HOST_UNREACHABLE' = 'AUTH_FAILED'): LinkState {
  return { kind: 'refused', cause: new AnywhereError(code, 'refused') };
}

function setUp() {
  const clock = manualClock();
  const scope = new Scope((error) => {
    throw error;
  });
  const found = { agent: undefined as string | undefined, changedMs: 0, looks: 0 };
  const attempts: string[] = [];
  const watch = new RemedyWatch({
    clock,
    scope,
    remedies: () => () => {
      found.looks += 1;
      const evidence: Evidence = { what: 'the agent', digest: found.agent, changedMs: found.changedMs };
      return Promise.resolve([evidence]);
    },
    onRemedy: (what) => attempts.push(what),
  });
  const settle = (): Promise<void> =>
    new Promise((resolve) => {
      setImmediate(resolve);
    });
  const look = async (): Promise<void> => {
    clock.advance(3_000);
    await settle();
  };
  const refused = async (code?: 'HOST_UNREACHABLE'): Promise<void> => {
    watch.follow(CONNECTING, refusal(code));
    await settle();
  };
  return { clock, scope, found, attempts, watch, look, refused };
}

describe('a refusal', () => {
  it('is left alone while nothing changes, or only goes away', async () => {
    const { found, attempts, look, refused } = setUp();
    found.agent = 'one key';
    await refused();
    await look();
    found.agent = undefined;
    await look();
    found.agent = 'one key';
    await look();
    expect(attempts).toEqual([]);
    expect(found.looks).toBe(4);
  });

  it('is answered with one attempt a change, and none for what was tried before', async () => {
    const { found, attempts, look, refused } = setUp();
    await refused();
    found.agent = 'one key';
    await look();
    expect(attempts).toEqual(['the agent changed']);
    await look();
    await refused();
    for (const keys of [undefined, 'one key', 'two keys']) {
      found.agent = keys;
      await look();
    }
    expect(attempts).toHaveLength(2);
  });

  it('counts what changed while the attempt was under way, once', async () => {
    const { found, attempts, look, refused } = setUp();
    Object.assign(found, { agent: 'one key', changedMs: 100 });
    await refused();
    expect(attempts).toHaveLength(1);
    await refused();
    await look();
    expect(attempts).toHaveLength(1);
  });

  it('is forgotten once the host was reached', async () => {
    const { found, attempts, watch, look, refused } = setUp();
    found.agent = 'one key';
    await refused();
    watch.follow(CONNECTING, READY);
    found.agent = undefined;
    await refused();
    found.agent = 'one key';
    await look();
    expect(attempts).toHaveLength(1);
  });

  it('is no longer watched after another state, a close, or where it is none of ours', async () => {
    const { clock, scope, found, attempts, watch, look, refused } = setUp();
    await refused();
    watch.follow(refusal(), CONNECTING);
    found.agent = 'one key';
    await look();
    await refused('HOST_UNREACHABLE');
    await look();
    expect(attempts).toEqual([]);
    found.agent = undefined;
    await refused();
    await scope.close();
    expect(clock.timers).toBe(0);
  });
});
