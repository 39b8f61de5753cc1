import { duplexPair } from 'node:stream';
import { describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { AnywhereError } from '../../../src/base/errors.ts';
import { Scope } from '../../../src/base/scope.ts';
import { ControlClient } from '../../../src/control/client.ts';
import { ControlConnection } from '../../../src/control/connection.ts';
import { Attachment } from '../../../src/dashboard/attach.ts';
import type { Message } from '../../../src/model/update.ts';
import { ManualClock } from '../../harness/manual-clock.ts';

interface End {
  readonly client: ControlClient;
  readonly rpc: ControlConnection;
  close(): void;
}

/** A face's end of a connection, and what answers at the other. */
function connection(): End {
  const [face, daemon] = duplexPair();
  const request = (method: string): Promise<unknown> =>
    Promise.resolve(method === 'events/subscribe' ? { run: 'r', sequence: 0, resync: false } : { prompts: [] });
  const rpc = new ControlConnection(daemon, { request, notification: () => undefined }, systemClock());
  return { client: new ControlClient(face), rpc, close: () => daemon.end() };
}

function attached(connect: (mode: string) => Promise<ControlClient>) {
  const clock = new ManualClock();
  const messages: Message[] = [];
  const modes: string[] = [];
  const scope = new Scope((error) => {
    throw error;
  });
  onTestFinished(() => scope.close());
  const attachment = new Attachment({
    clock,
    scope,
    random: () => 1,
    dispatch: (message) => messages.push(message),
    connect: (mode) => {
      modes.push(mode);
      return connect(mode);
    },
  });
  const states = (): string[] =>
    messages.flatMap((message) => (message.type === 'connection' ? [message.connection.kind] : []));
  const batches = (): number[] =>
    messages.flatMap((message) => (message.type === 'events' ? [message.events.length] : []));
  return { clock, messages, modes, attachment, states, batches };
}

const none = () => Promise.reject(new AnywhereError('NO_DAEMON', 'none runs'));

describe('the connection', () => {
  it('gathers events, and tells many at once less often', async () => {
    const end = connection();
    const { clock, attachment, batches, states } = attached(none);
    attachment.start(end.client);
    await expect.poll(() => states()).toContain('attached');
    const tell = (count: number): Promise<unknown> => {
      for (let index = 0; index < count; index += 1)
        end.rpc.notify('event', { sequence: index, event: { type: 'log' } });
      return new Promise((resolve) => setImmediate(resolve));
    };
    await tell(100);
    clock.advance(249);
    expect(batches()).toEqual([]);
    clock.advance(1);
    expect(batches()).toEqual([100]);
    await tell(3);
    clock.advance(499);
    expect(batches()).toEqual([100]);
    clock.advance(1);
    await tell(2);
    clock.advance(250);
    expect(batches()).toEqual([100, 3, 2]);
  });

  it('is made again when the daemon has gone, later and later, and starts none by itself', async () => {
    const [first, second] = [connection(), connection()];
    let attempts = 0;
    const { clock, attachment, states, modes, messages } = attached(() => {
      attempts += 1;
      return attempts < 3 ? none() : Promise.resolve(second.client);
    });
    attachment.start(first.client);
    await expect.poll(() => states()).toContain('attached');
    first.close();
    for (const delayMs of [500, 1000, 2000]) {
      await expect.poll(() => clock.pending).toBeGreaterThan(0);
      const last = messages.at(-1);
      expect(last).toMatchObject({ connection: { kind: 'gone', retryAtMs: clock.now() + delayMs } });
      expect(attachment.client).toBeUndefined();
      clock.advance(delayMs);
    }
    await expect.poll(() => states().at(-1)).toBe('attached');
    expect(modes).toEqual(['join', 'join', 'join']);
    expect(attachment.client).toBe(second.client);
  });

  it('is made at once, with a daemon of its own if need be, when the person asks', async () => {
    const [first, second] = [connection(), connection()];
    const { clock, attachment, states, modes } = attached(() => Promise.resolve(second.client));
    attachment.start(first.client);
    await expect.poll(() => states()).toContain('attached');
    first.close();
    await expect.poll(() => clock.pending).toBeGreaterThan(0);
    attachment.hurry();
    await expect.poll(() => states().at(-1)).toBe('attached');
    expect(modes).toEqual(['start']);
  });

  it('leaves questions to the person, and does not decline them', async () => {
    const end = connection();
    const { attachment, states } = attached(none);
    attachment.start(end.client);
    await expect.poll(() => states()).toContain('attached');
    const controller = new AbortController();
    let answer: unknown = 'none yet';
    const asked = end.rpc
      .request('prompt', { host: 'h', kind: 'password', text: '?', echo: false }, controller.signal)
      .then(
        (value) => {
          answer = value;
        },
        () => undefined,
      );
    await new Promise((resolve) => setImmediate(resolve));
    expect(answer).toBe('none yet');
    controller.abort();
    await asked;
    expect(answer).toBe('none yet');
  });
});
