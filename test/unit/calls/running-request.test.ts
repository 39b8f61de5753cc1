import { describe, expect, it } from 'vitest';
import { AnywhereError } from '../../../src/base/errors.ts';
import { RunningRequest } from '../../../src/calls/call.ts';
import { parsed } from '../protocol/kit.ts';

const why = (text: string): AnywhereError => new AnywhereError('CANCELLED', text);

const request = (): RunningRequest => new RunningRequest(parsed('{"jsonrpc":"2.0","id":1,"method":"ping"}'));

describe('a running request', () => {
  it('tells each listener of its cancellation once, with the first reason', () => {
    const running = request();
    const told: unknown[] = [];
    running.addEventListener('abort', () => told.push(running.reason));
    running.cancel(why('first'));
    running.cancel(why('second'));
    expect(told).toEqual([why('first')]);
    expect(running.aborted).toBe(true);
  });

  it('tells nothing to a listener that was removed', () => {
    const running = request();
    const told: string[] = [];
    const listener = (): unknown => told.push('removed');
    running.addEventListener('abort', listener);
    running.addEventListener('abort', () => told.push('kept'));
    running.removeEventListener('abort', listener);
    running.cancel(why('over'));
    expect(told).toEqual(['kept']);
  });

  it('has a signal that aborts with the reason, whether it was asked for before or after', () => {
    const [before, after] = [request(), request()];
    const { signal } = before;
    before.cancel(why('over'));
    after.cancel(why('over'));
    expect([signal.reason, after.signal.reason]).toEqual([why('over'), why('over')]);
    expect([signal.aborted, after.signal.aborted]).toEqual([true, true]);
  });
});
