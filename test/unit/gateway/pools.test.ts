import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { GatewayEvent } from '../../../src/api/events.ts';
import type { PoolPlan, ServerPlan } from '../../../src/config/plan.ts';
import { scratch } from '../../harness/scratch.ts';
import { control } from '../daemon/kit.ts';
import { connected, inline, openGateway, StreamClient, server, textOf } from './kit.ts';

const HOSTS = ['a', 'b', 'c'];
const ECHO = fileURLToPath(new URL('../../fixtures/servers/echo.mjs', import.meta.url));
/** Says with `where` on which host it believes to be. */
const member = (host: string, more: Partial<ServerPlan> = {}): ServerPlan =>
  server(`${host}/echo`, 'echo.mjs', { argv: [host], ...more });
const MEMBERS = HOSTS.map((host) => member(host));
const broken = inline('b/echo', 'process.exit(3)');

function pools(strategy: PoolPlan['strategy'], more: Partial<PoolPlan> = {}): { readonly plan: { pools: PoolPlan[] } } {
  const members = HOSTS.map((host) => `${host}/echo`);
  return { plan: { pools: [{ name: 'all', members, strategy, pin: false, ...more }] } };
}

/** The host whose server answers. */
async function host(client: StreamClient, args: object = {}, more: object = {}): Promise<string> {
  const reply = await client.call('all__where', args, more);
  const text = textOf(reply);
  return text.startsWith('{') ? ((JSON.parse(text) as { argv: string[] }).argv[0] ?? '') : text;
}

async function hosts(client: StreamClient, calls: number): Promise<string[]> {
  const seen: string[] = [];
  for (let call = 0; call < calls; call += 1) seen.push(await host(client));
  return seen;
}

async function opened(
  strategy: PoolPlan['strategy'],
  members: readonly ServerPlan[] = MEMBERS,
  more: Partial<PoolPlan> = {},
): ReturnType<typeof connected> {
  const found = await connected(members, ['all__where'], pools(strategy, more));
  await found.gateway.spoken(15_000, found.gateway.units);
  return found;
}

describe('a pool', () => {
  it('offers its tools once, and under no other name', async () => {
    const { client } = await opened('round-robin', [...MEMBERS, server('d/echo', 'echo.mjs')]);
    const names = await client.names();
    expect(names.filter((name) => name.endsWith('__where'))).toEqual(['d__echo__where', 'all__where']);
    expect(textOf(await client.call('a__echo__where'))).toBe('');
  });

  it('gives each its turn, and counts for each', async () => {
    const { gateway, client } = await opened('round-robin');
    expect(await hosts(client, 6)).toEqual(['a', 'b', 'c', 'a', 'b', 'c']);
    expect((await gateway.stats('hour', 'host')).map(({ key, calls }) => [key, calls])).toEqual([
      ['a', 2],
      ['b', 2],
      ['c', 2],
    ]);
  });

  it('uses all of them with least-busy when calls come at once', async () => {
    const { client } = await opened('least-busy');
    const seen = await Promise.all(Array.from({ length: 60 }, () => host(client)));
    expect([...new Set(seen)].toSorted()).toEqual(HOSTS);
  });

  it('stays with the first with failover, and with one for each client with sticky', async () => {
    const failover = await opened('failover');
    expect(await hosts(failover.client, 4)).toEqual(['a', 'a', 'a', 'a']);
    const sticky = await opened('sticky');
    expect(new Set(await hosts(sticky.client, 6)).size).toBe(1);
  });

  it('leaves out a member that never said what it offers', async () => {
    const { client } = await opened('round-robin', [member('a'), broken, member('c')]);
    expect(await hosts(client, 4)).toEqual(['a', 'c', 'a', 'c']);
  });

  it('moves a call on from a member that does not start any more: nothing was sent to it', async () => {
    const flag = join(scratch(), 'ill');
    const program = `import { existsSync } from 'node:fs';
      if (existsSync(${JSON.stringify(flag)})) { console.error('no more'); process.exit(3); }
      process.argv = ['node', 'echo', 'a'];
      await import(${JSON.stringify(ECHO)});`;
    const { gateway, client } = await opened('failover', [inline('a/echo', program), member('b')]);
    expect(await host(client)).toBe('a');
    writeFileSync(flag, '');
    const events: GatewayEvent[] = [];
    gateway.bus.on(({ event }) => events.push(event));
    const second = new StreamClient(gateway);
    await second.initialize();
    expect(await host(second)).toBe('b');
    expect(events.filter(({ type }) => type.startsWith('call-'))).toMatchObject([
      { type: 'call-started', host: 'a' },
      { type: 'call-ended', host: 'a', outcome: 'error' },
      { type: 'call-repeated', host: 'a', tool: 'where', why: 'unsent', cause: { evidence: ['no more'] } },
      { type: 'call-started', host: 'b' },
      { type: 'call-ended', host: 'b', outcome: 'ok' },
    ]);
    expect(await gateway.stats('hour', 'host')).toMatchObject([
      { key: 'a', calls: 2, errors: 1 },
      { key: 'b', calls: 1, errors: 0 },
    ]);
  });

  it('does not even ask one that is to go', async () => {
    const { gateway, client } = await opened('failover');
    const events: GatewayEvent[] = [];
    gateway.bus.on(({ event }) => events.push(event));
    gateway.units[0]?.retire('the test');
    expect(await host(client)).toBe('b');
    expect(events.filter(({ type }) => type === 'call-started')).toMatchObject([{ host: 'b', tool: 'where' }]);
  });

  it('says what it says for one server where a call may have been carried out', async () => {
    const { client } = await opened('round-robin');
    const reply = await client.call('all__exit', { code: 3 });
    expect(reply.result?.['isError']).toBe(true);
    expect(textOf(reply)).toMatch(/outcome unknown: host a.*\(OUTCOME_UNKNOWN\)/su);
  });

  it('passes on what a tool says of itself: its failures are no reason to ask another', async () => {
    const { gateway, client } = await opened('round-robin');
    expect(textOf(await client.call('all__fail'))).toBe('it went wrong');
    expect(await gateway.stats('hour', 'host')).toMatchObject([{ key: 'a', calls: 1, errors: 1 }]);
  });

  it('names resources of the member that answered', async () => {
    const { client } = await opened('round-robin');
    const json = JSON.stringify({ content: [{ type: 'resource_link', uri: 'file:///x', name: 'x' }] });
    const uris: unknown[] = [];
    for (let call = 0; call < 3; call += 1) {
      const { result } = await client.call('all__result', { json });
      uris.push((result?.['content'] as { uri: string }[])[0]?.uri);
    }
    expect(uris).toEqual(HOSTS.map((name) => `mcpa://${name}/echo/file:///x`));
  });

  it('loses a member that is switched off, and gets it back', async () => {
    const { gateway, client } = await opened('round-robin');
    gateway.setEnabled('b/echo', false);
    expect(await hosts(client, 3)).not.toContain('b');
    gateway.setEnabled('b/echo', true);
    await gateway.spoken(15_000, gateway.units);
    expect(await hosts(client, 3)).toContain('b');
  });

  it('waits for its members where none of them was ever listed', async () => {
    const gateway = openGateway(MEMBERS, { ...pools('failover'), starts: false });
    const client = new StreamClient(gateway);
    await client.initialize();
    expect(await host(client)).toBeOneOf(HOSTS);
  });

  it('says why where none can answer', async () => {
    const gateway = openGateway([broken], pools('failover', { members: ['b/echo'] }));
    const client = new StreamClient(gateway);
    await client.initialize();
    expect(textOf(await client.call('all__where'))).toMatch(/b\/echo has not listed its tools yet/u);
    expect((await client.call('all_where')).error).toMatchObject({ code: -32602 });
  });

  it('is told with its members, and each member with its tools', async () => {
    const { client } = control(MEMBERS, pools('round-robin'));
    const { hosts: report } = await client.request('settle', { withinMs: 15_000 });
    expect(report.map(({ servers }) => servers[0]?.tools)).toEqual([8, 8, 8]);
    const { tools } = await client.request('tools', { host: 'b' });
    expect(tools.find(({ name }) => name === 'all__where')).toMatchObject({
      host: 'a',
      pool: { name: 'all', members: ['a/echo', 'b/echo', 'c/echo'] },
    });
  });
});

describe('choosing the host of a call', () => {
  it('works by the argument, which the server never sees', async () => {
    const { client } = await opened('failover', MEMBERS, { pin: true });
    expect(await host(client, { run_on: 'c' })).toBe('c');
    expect(await host(client, { run_on: '' })).toBe('a');
    expect(JSON.parse(await client.text('all__echo', { message: 'x', run_on: 'b' }))).toEqual({ message: 'x' });
    expect(await client.text('all__raw', { run_on: 'b', big: 1 })).toContain('"arguments":{"big":1}');
  });

  it('is left to the server where the hosts file does not ask for it', async () => {
    const { client } = await opened('failover');
    expect(JSON.parse(await client.text('all__echo', { run_on: 'b' }))).toEqual({ run_on: 'b' });
  });

  it('works by _meta for every pool', async () => {
    const { client } = await opened('failover');
    expect(await host(client, {}, { _meta: { 'mcp-anywhere/host': 'b' } })).toBe('b');
  });

  it('fails where the pool has no member there, and asks no other', async () => {
    const { client } = await opened('failover', [member('a'), broken, member('c')], { pin: true });
    expect(textOf(await client.call('all__where', { run_on: 'z' }))).toMatch(
      /pool all has no member on "z".*choose one of a, c with run_on/su,
    );
    expect(textOf(await client.call('all__where', { run_on: 'b' }))).toMatch(/no member on "b"/u);
  });

  it('works for commands, which are told who answered', async () => {
    const { client } = control(MEMBERS, pools('failover'));
    await client.request('tools', {});
    const call = { tool: 'all__where', arguments: {} };
    expect(await client.request('call', { ...call, host: 'c' })).toMatchObject({
      host: 'c',
      server: 'echo',
      tool: 'where',
    });
    expect(await client.request('call', call)).toMatchObject({ host: 'a' });
    await expect(client.request('call', { ...call, host: 'z' })).rejects.toMatchObject({
      code: 'USAGE',
      message: 'all__where does not run on z, only on a, b, c',
    });
  });
});
