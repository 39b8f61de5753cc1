import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { listenForStop } from '../../../src/gateway/stop-signals.ts';
import { ManualClock } from '../../harness/manual-clock.ts';
import { stateOf } from '../protocol/peer-kit.ts';

/** A process whose parent can die without anybody dying. */
class FakeProcess extends EventEmitter {
  ppid = 100;

  get asProcess(): NodeJS.Process {
    return this as unknown as NodeJS.Process;
  }
}

describe('listenForStop', () => {
  it.each<NodeJS.Signals>(['SIGTERM', 'SIGHUP', 'SIGINT'])('hears %s', async (signal) => {
    const process = new FakeProcess();
    const { stopped } = listenForStop(new ManualClock(), process.asProcess);
    process.emit(signal, signal, 15);
    expect(await stopped).toBe(signal);
  });

  it('notices within a second that its parent died, and keeps no process alive for that', async () => {
    const process = new FakeProcess();
    const clock = new ManualClock();
    const { stopped } = listenForStop(clock, process.asProcess);
    clock.advance(5000);
    expect([await stateOf(stopped), clock.foreground]).toEqual(['pending', 0]);
    process.ppid = 1;
    clock.advance(1000);
    expect(await stateOf(stopped)).toMatch(/parent/);
  });

  it('leaves nothing behind', () => {
    const process = new FakeProcess();
    const clock = new ManualClock();
    listenForStop(clock, process.asProcess).dispose();
    expect([clock.pending, process.eventNames()]).toEqual([0, []]);
  });
});
