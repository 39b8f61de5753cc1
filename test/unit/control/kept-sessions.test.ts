/** How long sessions are kept, with real sessions of a gateway and a clock that the test moves. */
import { describe, expect, it } from 'vitest';
import { KEPT_MS, KeptSessions } from '../../../src/control/kept-sessions.ts';
import { LocalClient } from '../../../src/downstream/local-client.ts';
import { ManualClock } from '../../harness/manual-clock.ts';
import { openGateway, server } from '../gateway/kit.ts';

function rig() {
  const clock = new ManualClock();
  const gateway = openGateway([server('box/echo', 'echo.mjs')], { starts: false });
  const closed: LocalClient[] = [];
  const kept = new KeptSessions({
    clock,
    keyOf: ({ env }) => env['KEY'] ?? '',
    open: () =>
      new LocalClient({
        clock: gateway.clock,
        version: '1',
        open: (writer, observer) => gateway.openSession(writer, { isCommand: true, observer }),
      }),
    actFor: () => undefined,
    close: (client) => {
      closed.push(client);
    },
  });
  return { clock, kept, closed, lease: (key: string, fresh = false) => kept.lease({ env: { KEY: key } }, fresh) };
}

describe('a kept session', () => {
  it('ends a minute after its last command, and not while one uses it', () => {
    const { clock, kept, closed, lease } = rig();
    const [one, other] = [lease('a'), lease('a')];
    expect(other.client).toBe(one.client);
    one.release();
    clock.advance(10 * KEPT_MS);
    expect(kept.stateOf(one.client.session)).toEqual({});
    other.release();
    expect(kept.stateOf(one.client.session)).toEqual({ endsMs: clock.now() + KEPT_MS });
    clock.advance(KEPT_MS - 1);
    lease('a').release();
    clock.advance(KEPT_MS - 1);
    expect(closed).toEqual([]);
    clock.advance(1);
    expect(closed).toEqual([one.client]);
    expect(kept.stateOf(one.client.session)).toBeUndefined();
    expect(lease('a').client).not.toBe(one.client);
  });

  it('counts a command once, however often it is released', () => {
    const { clock, closed, lease } = rig();
    const [one, other] = [lease('a'), lease('a')];
    one.release();
    one.release();
    clock.advance(2 * KEPT_MS);
    expect(closed).toEqual([]);
    other.release();
    clock.advance(KEPT_MS);
    expect(closed).toHaveLength(1);
  });

  it('that was replaced ends with its last command', () => {
    const { closed, lease } = rig();
    const [one, two] = [lease('a'), lease('a')];
    const fresh = lease('a', true);
    expect(fresh.client).not.toBe(one.client);
    one.release();
    expect(closed).toEqual([]);
    two.release();
    expect(closed).toEqual([one.client]);
    expect(lease('a').client).toBe(fresh.client);
  });

  it('makes room for others: the one that was used first ends first', () => {
    const { closed, lease } = rig();
    const first = lease('0');
    first.release();
    const second = lease('1');
    second.release();
    lease('0').release();
    for (let key = 2; key < 17; key += 1) lease(String(key)).release();
    expect(closed).toEqual([second.client]);
    lease('17').release();
    expect(closed).toEqual([second.client, first.client]);
  });

  it('ends with the daemon, used or not', () => {
    const { kept, closed, lease } = rig();
    const [one, other] = [lease('a'), lease('b')];
    other.release();
    kept.close();
    expect(closed).toEqual([one.client, other.client]);
    one.release();
    expect(closed).toHaveLength(2);
  });
});
