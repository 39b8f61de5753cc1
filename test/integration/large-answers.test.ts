/** Large answers reach the client whole or not at all, whatever becomes of the server, the connection or the daemon. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signalPid, withVariable } from '../harness/processes.ts';
import { type Sshd, startSshd } from '../harness/sshd.ts';
import { type Id, LargeAnswers, type Order, sameLine } from './large-answers-kit.ts';

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
    ['last', 'a "quoted" id é'],
  ])(
    'an answer with its id %s (%j) is one line, the same to the byte, behind what was asked meanwhile',
    async (order, id) => {
      const large = await LargeAnswers.start(sshd, options);
      const from = large.client.received.length;
      const call = await large.halfWay({ order, id, bytes: 20_000_000, isInside: true });
      const others = [large.client.ask('ping'), large.say('one'), large.client.ask('ping')];
      for (const other of others) await large.client.reply(other);
      expect(large.client.unfinished).toBe('');
      call.go();
      sameLine(await large.client.reply(id), call);
      expect(large.linesSince(from)).toHaveLength(4);
      await large.works();
    },
  );

  it.each<[Order, string]>([
    ['first', 'is killed'],
    ['last', 'exits'],
  ])('an answer with its id %s whose server %s becomes one error', async (order, how) => {
    const large = await LargeAnswers.start(sshd, options);
    const from = large.client.received.length;
    const call = await large.halfWay({ order, end: 'exit' });
    if (how === 'exits') call.go();
    else signalPid(call.pid, 'SIGKILL');
    const [reply] = await large.lines(from, 1);
    expect(reply?.message).toMatchObject(failed(call.id, /outcome unknown.*box/));
    await large.works();
    expect(large.linesSince(from)).toHaveLength(2);
  });

  it('an answer that its client cancelled half way never comes', async () => {
    const large = await LargeAnswers.start(sshd, options);
    const from = large.client.received.length;
    const call = await large.halfWay({ order: 'first' });
    large.client.notify('notifications/cancelled', { requestId: call.id });
    await large.client.request('ping');
    call.go();
    await large.works();
    expect(large.linesSince(from)).toHaveLength(2);
  });
});

describe('an answer that does not end as it began', () => {
  it.each<[Order, string, RegExp]>([
    ['first', 'trash', /no answer/],
    ['first', 'endless', /MESSAGE_TOO_LARGE/],
    ['last', 'endless', /MESSAGE_TOO_LARGE/],
  ])('(id %s, %s) fails its call; others get theirs', async (order, end, why) => {
    // Only what is never answered waits for the limit: on a busy machine the other calls must not reach it.
    const timeoutMs = end === 'trash' ? 8_000 : 60_000;
    const large = await LargeAnswers.start(sshd, {}, { timeoutMs }, { limits: { maxMessageBytes: 16 << 20 } });
    const { client } = large;
    const from = client.received.length;
    const call = await large.halfWay({ order, end });
    const next = await large.next();
    call.go();
    expect((await client.reply(next)).message.result).toMatchObject({ content: [{ text: 'next' }] });
    expect((await client.reply(call.id)).message).toMatchObject(failed(call.id, why));
    await large.works();
    expect(large.linesSince(from)).toHaveLength(3);
  });
});

it('a call that is made once more, since its connection was lost half way, is answered once, whole', async () => {
  const large = await LargeAnswers.start(sshd, {}, {}, { reconnect: { initialMs: 100, maxMs: 500 } });
  const from = large.client.received.length;
  const call = await large.halfWay({ order: 'first', tool: 'read' });
  for (const pid of sshd.sessions()) signalPid(pid, 'SIGKILL');
  call.go();
  const [reply] = await large.lines(from, 1);
  if (reply !== undefined) sameLine(reply, call);
  await large.works();
  expect(large.linesSince(from)).toHaveLength(2);
});

it('a daemon that is killed half way through an answer leaves its outcome unknown, and no part of a line', async () => {
  const large = await LargeAnswers.start(sshd, { throughDaemon: true });
  const from = large.client.received.length;
  const call = await large.halfWay({ order: 'first' });
  const daemons = withVariable('XDG_RUNTIME_DIR', large.sandbox.runtimeDir);
  for (const { pid } of daemons.filter(({ commandLine }) => / daemon( |$)/.test(commandLine)))
    signalPid(pid, 'SIGKILL');
  const [reply] = await large.lines(from, 1);
  expect(reply?.message).toMatchObject(failed(call.id, /outcome unknown/));
  await large.works();
  expect(large.linesSince(from)).toHaveLength(2);
});
