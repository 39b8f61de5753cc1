import { describe, expect, it } from 'vitest';
import { AnywhereError } from '../../../src/base/errors.ts';
import { CallEvents } from '../../../src/gateway/call-events.ts';
import type { Message } from '../../../src/protocol/message.ts';
import { EventBus } from '../../../src/telemetry/event-bus.ts';
import { ManualClock } from '../../harness/manual-clock.ts';
import { callOfX } from '../calls/call-kit.ts';
import { parsed } from '../protocol/kit.ts';

const CALL = callOfX();
const PLACE = { call: 7, host: 'box', server: 'files', tool: 'x' };

function observed(): { events: CallEvents; bus: EventBus; clock: ManualClock } {
  const clock = new ManualClock();
  const bus = new EventBus({
    clock,
    onListenerError: (error) => {
      throw error;
    },
  });
  return { events: new CallEvents(bus, clock), bus, clock };
}

function progress(value: number): Message {
  return parsed(`{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":1,"progress":${value}}}`);
}

describe('CallEvents', () => {
  it('emits nothing while nobody listens', () => {
    const { events, bus } = observed();
    events.began(CALL);
    events.progressed(CALL, progress(1));
    events.ended(CALL, parsed('{"id":1,"result":{}}'), 25);
    expect(bus.sequence).toBe(0);
  });

  it.each<[string, unknown]>([
    ['ok', parsed('{"id":1,"result":{"content":[]}}')],
    ['ok', parsed('{"id":1,"result":{"isError":false}}')],
    ['ok', parsed('{"id":1,"result":{"structuredContent":{"isError":true}}}')],
    ['ok', parsed('{"id":1,"result":{"content":[{"type":"text","text":"\\"isError\\":true"}]}}')],
    ['tool-error', parsed('{"id":1,"result":{"content":[],"isError" : true}}')],
    ['error', parsed('{"id":1,"error":{"code":1,"message":"m"}}')],
    ['error', new AnywhereError('LINK_LOST', 'm')],
    ['error', new Error('m')],
    ['cancelled', new AnywhereError('CANCELLED', 'm')],
  ])('says that a call ended: %s', (outcome, result) => {
    const { events, bus } = observed();
    const seen: object[] = [];
    bus.on(({ event }) => seen.push(event));
    events.began(CALL);
    events.ended(CALL, result, 25);
    expect(seen).toMatchObject([
      { type: 'call-started', ...PLACE, client: 'c1' },
      { type: 'call-ended', ...PLACE, durationMs: 25, outcome },
    ]);
  });

  it('tells progress at most five times a second', () => {
    const { events, bus, clock } = observed();
    const seen: object[] = [];
    bus.on(({ event }) => seen.push(event));
    for (const value of [1, 2, 3]) {
      events.progressed(CALL, progress(value));
      clock.advance(150);
    }
    expect(seen).toMatchObject([
      { type: 'call-progress', call: 7, progress: 1 },
      { type: 'call-progress', call: 7, progress: 3 },
    ]);
  });
});
