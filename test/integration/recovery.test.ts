/** Lines that go and servers that fail, while calls are under way: what is answered, what is repeated, what comes back. */
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signalPid } from '../harness/processes.ts';
import { type Sshd, startSshd } from '../harness/sshd.ts';
import { until } from '../harness/until.ts';
import { textOf } from '../unit/gateway/kit.ts';
import { hostOf, proxyTo, type Rig, remote, rig } from './recovery-kit.ts';

let sshd: Sshd;
beforeAll(async () => {
  sshd = await startSshd();
});
afterAll(() => sshd.stop());

let files = 0;
/** A file on the machine that its programs can write, and what they wrote. */
function ledger(): { readonly path: string; readonly lines: () => string[] } {
  files += 1;
  const path = join(sshd.folder, `ledger-${files}`);
  writeFileSync(path, '');
  chmodSync(path, 0o666);
  return { path, lines: () => readFileSync(path, 'utf8').split('\n').slice(0, -1) };
}

const COUNTING = ['safe', 'again', 'unsafe', 'pid'].map((tool) => `box__counting__${tool}`);

async function counting(more: object = {}) {
  const proxy = await proxyTo(sshd);
  const book = ledger();
  const server = remote(sshd, 'counting', 'counting.mjs', { argv: [book.path], ...more });
  const made = await rig([hostOf(sshd, [server], proxy.port)], COUNTING);
  const ask = (tool: string, args: object = {}): number =>
    made.client.ask('tools/call', { name: `box__counting__${tool}`, arguments: args });
  const pid = async (): Promise<number> => Number(await made.client.text('box__counting__pid'));
  return { ...made, proxy, book, ask, pid };
}

const stateOf = ({ gateway }: Pick<Rig, 'gateway'>): string => gateway.link('box').state.kind;

describe('calls under way when the line goes', () => {
  it('end at once with an unknown outcome, but for safe ones, which are made once more', async () => {
    const { client, proxy, book, ask, pid, events } = await counting();
    const before = await pid();
    const calls = ['unsafe', 'safe', 'again'].map((tool) =>
      ask(tool, { name: tool, ms: tool === 'unsafe' ? 60_000 : 1_500 }),
    );
    await expect.poll(() => book.lines()).toHaveLength(3);
    const cutAt = performance.now();
    await proxy.reset();
    const lost = await client.reply(calls[0]);
    // Not when the call would have ended.
    expect(performance.now() - cutAt).toBeLessThan(10_000);
    expect(lost.result).toMatchObject({ isError: true });
    expect(textOf(lost)).toMatch(/outcome unknown: host box, after \d+\.\d s/);
    await proxy.heal();
    for (const [index, name] of [
      [1, 'safe'],
      [2, 'again'],
    ] as const)
      expect(textOf(await client.reply(calls[index]))).toContain(`${name} done by`);
    expect(book.lines().sort()).toEqual(['again', 'again', 'safe', 'safe', 'unsafe']);
    expect(await pid()).not.toBe(before);
    const repeated = events().filter((event) => event.type === 'call-repeated');
    expect(repeated).toMatchObject([
      { host: 'box', server: 'counting', why: 'safe', cause: { code: 'LINK_LOST' } },
      { host: 'box', server: 'counting', why: 'safe' },
    ]);
  });

  it('are made once more at most', async () => {
    const { client, proxy, book, ask } = await counting();
    const call = ask('safe', { name: 'safe', ms: 60_000 });
    await expect.poll(() => book.lines()).toHaveLength(1);
    await proxy.reset();
    await proxy.heal();
    await expect.poll(() => book.lines(), { timeout: 15_000 }).toHaveLength(2);
    await proxy.reset();
    expect(textOf(await client.reply(call))).toMatch(/outcome unknown/);
    expect(book.lines()).toHaveLength(2);
  });

  it('that were never written are made on the next line, whatever they do', async () => {
    const { client, proxy, book, ask, pid, events } = await counting();
    const stopped = await pid();
    signalPid(stopped, 'SIGSTOP');
    // More than the windows of ssh and all pipes on the way hold.
    const padding = 'x'.repeat(1_300_000);
    const names = Array.from({ length: 7 }, (_, index) => `call-${index}`);
    const calls = names.map((name) => ask('unsafe', { name, padding }));
    await client.request('ping');
    await proxy.reset();
    await proxy.heal();
    const replies = await Promise.all(calls.map((call) => client.reply(call)));
    const unknown = replies.filter((reply) => /outcome unknown/.test(textOf(reply))).length;
    const done = replies.filter((reply) => /done by/.test(textOf(reply))).length;
    expect([unknown + done, unknown > 0, done > 1]).toEqual([7, true, true]);
    expect(new Set(book.lines()).size).toBe(book.lines().length);
    expect(events().filter((event) => event.type === 'call-repeated' && event.why === 'unsent')).toHaveLength(done);
    signalPid(stopped, 'SIGKILL');
  });
});

describe('a line that went', () => {
  it('in silence is found dead when a call needs it, and the call is answered within 3 s on another', async () => {
    const made = await counting();
    const { client, proxy, ask, pid, gateway } = made;
    await pid();
    const link = gateway.link('box');
    await until(() => link.state.kind === 'ready' && link.state.rttMs !== undefined);
    proxy.blackhole();
    await proxy.heal();
    const askedAt = performance.now();
    const reply = await client.reply(ask('safe', { name: 'x' }));
    expect(textOf(reply)).toContain('x done by');
    expect(performance.now() - askedAt).toBeLessThan(6_000);
    // What comes later is not even sent on the dead one.
    expect(textOf(await client.reply(ask('unsafe', { name: 'y' })))).toContain('y done by');
  });

  it('and whose network comes back answers a call within 3 s, however long it was away', async () => {
    const made = await counting();
    const { client, proxy, ask } = made;
    proxy.blackhole();
    await proxy.reset();
    await expect.poll(() => stateOf(made)).not.toBe('ready');
    await new Promise((resolve) => {
      setTimeout(resolve, 4_000);
    });
    await proxy.heal();
    const askedAt = performance.now();
    expect(textOf(await client.reply(ask('unsafe', { name: 'x' })))).toContain('x done by');
    expect(performance.now() - askedAt).toBeLessThan(6_000);
  });

  it('and whose attempts to come back are all stuck answers a call within 3 s of the network being back', async () => {
    const made = await counting();
    const { client, proxy, ask } = made;
    await proxy.reset();
    // Accepted and then silent, again and again.
    await proxy.heal();
    proxy.blackhole();
    const accepted = proxy.accepted;
    await expect
      .poll(() => proxy.accepted, { timeout: 15_000, message: 'two attempts that hear nothing' })
      .toBeGreaterThanOrEqual(accepted + 2);
    await new Promise((resolve) => {
      setTimeout(resolve, 3_000);
    });
    const early = client.reply(ask('unsafe', { name: 'early' }));
    await new Promise((resolve) => {
      setTimeout(resolve, 500);
    });
    await proxy.heal();
    const healedAt = performance.now();
    await early;
    expect(textOf(await client.reply(ask('unsafe', { name: 'x' })))).toContain('x done by');
    expect(performance.now() - healedAt).toBeLessThan(6_000);
  });

  it('while it was being logged in to is raced by another', async () => {
    const made = await counting();
    const { proxy, client, ask } = made;
    await proxy.reset();
    // Accepted and then silent: the login hears nothing.
    await proxy.heal();
    proxy.blackhole();
    const accepted = proxy.accepted;
    await expect.poll(() => proxy.accepted, { message: 'an attempt' }).toBeGreaterThan(accepted);
    await proxy.heal();
    const askedAt = performance.now();
    await expect.poll(() => stateOf(made), { timeout: 5_000, message: 'another attempt to get through' }).toBe('ready');
    expect(performance.now() - askedAt).toBeLessThan(5_000);
    expect(textOf(await client.reply(ask('unsafe', { name: 'x' })))).toContain('x done by');
  });

  it('gives its servers back by itself, and tells no client of lists that are the same', async () => {
    const { client, proxy, gateway, pid } = await counting();
    const before = await pid();
    const changes = client.received.filter(({ method }) => method?.endsWith('list_changed')).length;
    await proxy.reset();
    await proxy.heal();
    const [unit] = gateway.units;
    await expect.poll(() => unit?.state.ready, { timeout: 15_000 }).toBe(1);
    expect(await pid()).not.toBe(before);
    await until(() => gateway.catalog.listing(unit?.plan ?? gateway.server('box/counting')));
    expect(client.received.filter(({ method }) => method?.endsWith('list_changed'))).toHaveLength(changes);
  });
});
