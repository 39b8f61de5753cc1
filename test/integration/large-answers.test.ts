/** Large answers leave while they come: what the client sees of them, and of those that never end well. */
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { signalPid, withVariable } from '../harness/processes.ts';
import { type Sshd, startSshd } from '../harness/sshd.ts';
import { until } from '../harness/until.ts';
import { BYTES, type Id, isCutOff, LargeAnswers, type Order, sameLine } from './large-answers-kit.ts';

let sshd: Sshd;
beforeAll(async () => {
  sshd = await startSshd();
});
afterAll(() => sshd.stop());

const WAYS = [
  ['in one process', {}],
  ['through shim and daemon', { throughDaemon: true }],
] as const;

/** A failed tools/call, in the words of its text. */
const failed = (id: Id, words: RegExp) => ({
  id,
  result: { isError: true, content: [{ text: expect.stringMatching(words) as string }] },
});

describe.each(WAYS)('%s', (_way, options) => {
  it.each<[Order, Id]>([
    ['first', 7001],
    ['first', 'a "quoted" id é'],
    ['last', 7001],
    ['last', 'a "quoted" id é'],
  ])(
    'an answer with its id %s (%j) begins before its end is written, and is the same to the byte',
    async (order, id) => {
      const large = await LargeAnswers.start(sshd, options);
      const from = large.client.received.length;
      const call = await large.halfWay({ order, id, bytes: 20_000_000, isInside: true });
      call.go();
      sameLine(await large.client.reply(id), call);
      expect(large.linesSince(from)).toHaveLength(1);
      await large.works();
    },
  );

  it.each<[Order, string]>([
    ['first', 'is killed'],
    ['last', 'is killed'],
    ['first', 'exits'],
    ['last', 'exits'],
  ])('an answer with its id %s whose server %s is cut off, and one error follows', async (order, how) => {
    const large = await LargeAnswers.start(sshd, options);
    const from = large.client.received.length;
    const call = await large.halfWay({ order, end: 'exit' });
    if (how === 'exits') call.go();
    else signalPid(call.pid, 'SIGKILL');
    const [cut, reply] = await large.lines(from, 2);
    isCutOff(cut, call);
    expect(reply?.message).toMatchObject(failed(call.id, /outcome unknown.*box/));
    await large.works();
    expect(large.linesSince(from)).toHaveLength(3);
  });
});

describe('an answer that is half way', () => {
  it('is cut off between two characters', async () => {
    const large = await LargeAnswers.start(sshd);
    const from = large.client.received.length;
    const call = await large.halfWay({ order: 'first', isInside: true });
    await large.begun(BYTES / 2 - 50);
    signalPid(call.pid, 'SIGKILL');
    const [cut] = await large.lines(from, 2);
    isCutOff(cut, call);
    // What stands for bytes that are no UTF-8: some clients end at them.
    expect(cut?.line.slice(-10)).not.toContain('\ufffd');
  });

  it.each<Order>(['first', 'last'])(
    'is cut off where its client cancels it (id %s), and gets no reply',
    async (order) => {
      const large = await LargeAnswers.start(sshd);
      const from = large.client.received.length;
      const call = await large.halfWay({ order });
      large.client.notify('notifications/cancelled', { requestId: call.id });
      const [cut] = await large.lines(from, 1);
      isCutOff(cut, call);
      call.go();
      await large.works();
      expect(large.linesSince(from).map(({ message }) => message.id)).toEqual([undefined, expect.any(String)]);
      expect(large.client.received.some(({ message }) => message.id === call.id)).toBe(false);
    },
  );

  it.each<Order>(['first', 'last'])('has others behind it, whole (id %s)', async (order) => {
    const large = await LargeAnswers.start(sshd);
    const from = large.client.received.length;
    const call = await large.halfWay({ order });
    const others = [large.client.ask('ping'), large.say('one'), large.client.ask('ping'), large.say('two')];
    call.go();
    const [first, ...behind] = await large.lines(from, 5);
    if (first !== undefined) sameLine(first, call);
    expect(behind.map(({ message }) => message.id).toSorted()).toEqual(others.toSorted());
    const [, one, , two] = others.map((id) => behind.find(({ message }) => message.id === id)?.message.result);
    expect([one, two]).toMatchObject([{ content: [{ text: 'one' }] }, { content: [{ text: 'two' }] }]);
  });

  it.each<Order>(['first', 'last'])(
    'has not begun for the client where another is under way (id %s)',
    async (order) => {
      const large = await LargeAnswers.start(sshd);
      const { client } = large;
      const other = await large.next();
      const call = large.ask({ order });
      await call.half();
      // What the server has written has passed by the gateway before answers that were asked for since.
      for (const words of ['one', 'two', 'three']) await client.reply(large.say(words));
      expect(client.unfinished).toBe('');
      call.go();
      sameLine(await client.reply(call.id), call);
      expect((await client.reply(other)).message.result).toMatchObject({ content: [{ text: 'next' }] });
    },
  );
});

describe('a server that stops half way', () => {
  it('loses its call where another answer waits behind it', async () => {
    const large = await LargeAnswers.start(sshd);
    const from = large.client.received.length;
    const call = await large.halfWay({ order: 'first' });
    const askedMs = performance.now();
    const other = large.say('one');
    const [cut, ...behind] = await large.lines(from, 3, 12_000);
    isCutOff(cut, call);
    expect((cut?.atMs ?? 0) - askedMs).toBeGreaterThan(4_500);
    expect((cut?.atMs ?? 0) - askedMs).toBeLessThan(9_000);
    expect(behind.find(({ message }) => message.id === call.id)?.message).toMatchObject(
      failed(call.id, /hardly went on after/),
    );
    expect(behind.find(({ message }) => message.id === other)?.message.result).toMatchObject({
      content: [{ text: 'one' }],
    });
    call.go();
    await large.works();
    expect(large.linesSince(from)).toHaveLength(4);
  });

  it('may take its time where nobody waits', async () => {
    const large = await LargeAnswers.start(sshd);
    const call = await large.halfWay({ order: 'first' });
    const sinceMs = performance.now();
    await until(() => performance.now() - sinceMs > 8_000);
    call.go();
    sameLine(await large.client.reply(call.id), call);
  });

  it('is not what a client is that does not read', async () => {
    const large = await LargeAnswers.start(sshd);
    const from = large.client.received.length;
    const call = await large.halfWay({ order: 'first', bytes: 30_000_000 });
    const goOn = large.client.stopReading();
    large.client.ask('ping');
    call.go();
    const sinceMs = performance.now();
    await until(() => performance.now() - sinceMs > 9_000, { withinMs: 20_000 });
    goOn();
    const [first] = await large.lines(from, 2);
    if (first !== undefined) sameLine(first, call);
  });
});

/** At once, or when its time is over. */
const UNUSABLE = /no JSON/;

describe('an answer that does not end as it began', () => {
  it.each<[Order, string, RegExp]>([
    ['first', 'trash', UNUSABLE],
    ['last', 'trash', UNUSABLE],
    ['last', 'twin', UNUSABLE],
    ['first', 'second id', UNUSABLE],
    ['last', 'second id', UNUSABLE],
    ['first', 'same id twice', /does not fit/],
    ['first', 'endless', /MESSAGE_TOO_LARGE/],
    ['last', 'endless', /MESSAGE_TOO_LARGE/],
  ])('(id %s, %s) is cut off and fails; others get theirs', async (order, end, why) => {
    const large = await LargeAnswers.start(sshd, {}, { timeoutMs: 4_000 }, { limits: { maxMessageBytes: 16 << 20 } });
    const { client } = large;
    const from = client.received.length;
    const call = await large.halfWay({ order, end });
    const next = await large.next();
    call.go();
    const lines = await large.lines(from, 3);
    expect(lines.map(({ line, message }) => (line.length > 100_000 ? 'cut off' : message.id)).toSorted()).toEqual(
      ['cut off', call.id, next].toSorted(),
    );
    expect(() => JSON.parse(lines[0]?.line ?? '') as unknown).toThrow(SyntaxError);
    if (end !== 'endless') isCutOff(lines[0], call);
    expect((await client.reply(call.id)).message).toMatchObject(failed(call.id, why));
    expect((await client.reply(next)).message.result).toMatchObject({ content: [{ text: 'next' }] });
    await large.works();
  });
});

describe('a call that is made once more', () => {
  it.each<Order>(['first', 'last'])(
    'since its connection was lost half way is answered whole (id %s)',
    async (order) => {
      const large = await LargeAnswers.start(sshd, {}, {}, { reconnect: { initialMs: 100, maxMs: 500 } });
      const from = large.client.received.length;
      const call = await large.halfWay({ order, tool: 'read' });
      for (const pid of sshd.sessions()) signalPid(pid, 'SIGKILL');
      const [cut] = await large.lines(from, 1);
      isCutOff(cut, call);
      // The other server is half way as well. (Where it is asked for more than one thing, an id at the end is too late.)
      if (order === 'first') await large.begun();
      call.go();
      const [, reply] = await large.lines(from, 2);
      if (reply !== undefined) sameLine(reply, call);
      await large.works();
      expect(large.linesSince(from)).toHaveLength(3);
    },
  );
});

function killDaemon({ sandbox }: LargeAnswers): void {
  const daemons = withVariable('XDG_RUNTIME_DIR', sandbox.runtimeDir);
  for (const { pid } of daemons.filter(({ commandLine }) => / daemon( |$)/.test(commandLine)))
    signalPid(pid, 'SIGKILL');
}

describe('a daemon that is killed', () => {
  it('behind an answer that was cut off, before its call is made once more, leaves its outcome unknown', async () => {
    const own = await startSshd();
    onTestFinished(() => own.stop());
    const large = await LargeAnswers.start(own, { throughDaemon: true });
    const from = large.client.received.length;
    const call = await large.halfWay({ order: 'first', tool: 'read' });
    await own.halt();
    const [cut] = await large.lines(from, 1);
    isCutOff(cut, call);
    killDaemon(large);
    const [, reply] = await large.lines(from, 2);
    expect(reply?.message).toMatchObject(failed(call.id, /outcome unknown/));
  });

  it.each<Order>(['first', 'last'])('half way through an answer leaves its outcome unknown (id %s)', async (order) => {
    const large = await LargeAnswers.start(sshd, { throughDaemon: true });
    const from = large.client.received.length;
    const call = await large.halfWay({ order });
    killDaemon(large);
    const [, reply] = await large.lines(from, 2);
    expect(reply?.message).toMatchObject(failed(call.id, /outcome unknown/));
    await large.works();
  });
});

it('an answer that its client cancelled goes to no other client of a shared server', async () => {
  const large = await LargeAnswers.start(sshd, { throughDaemon: true }, { sharing: 'shared' });
  const other = await large.another();
  const first = large.ask({ order: 'first', bytes: 100_000 });
  await first.half();
  // The server writes the next ones when it has written this one.
  const cancelled = large.ask({ order: 'last' });
  const next = await other.next();
  large.client.notify('notifications/cancelled', { requestId: cancelled.id });
  await large.client.request('ping');
  first.go();
  await cancelled.half();
  // What the server has written has passed by the gateway before answers that were asked for since.
  for (const words of ['one', 'two', 'three']) await large.client.reply(large.say(words));
  const { unfinished } = other.client;
  cancelled.go();
  expect((await other.client.reply(next)).message.result).toMatchObject({ content: [{ text: 'next' }] });
  expect(unfinished.slice(0, 200)).toBe('');
});
