import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { scratch } from '../../harness/scratch.ts';
import { until } from '../../harness/until.ts';
import { proves } from '../../requirements.ts';
import { serverPlan } from '../catalog/kit.ts';
import { connected, folders, inline, openGateway, StreamClient, server, textOf } from '../gateway/kit.ts';

const ECHO = new URL('../../fixtures/servers/echo.mjs', import.meta.url).href;
const full = server('box/full', './full.mjs');
const echo = server('box/echo', 'echo.mjs');

describe('lists', () => {
  it(proves('hold all pages of all servers, in the order of the hosts file', 'tools-list'), async () => {
    const { client } = await connected(
      [server('z/pages', 'pages.mjs', { argv: ['9', '4'] }), echo],
      ['z__pages__tool_0008', 'box__echo__echo'],
    );
    const names = await client.names();
    expect(names.slice(0, 9)).toEqual(Array.from({ length: 9 }, (_, index) => `z__pages__tool_000${index}`));
    expect(names[9]).toBe('box__echo__echo');
  });

  it('are the same bytes each time', async () => {
    const { client } = await connected([full, echo], ['box__full__ask', 'box__echo__echo']);
    const [first, second] = [
      await client.reply(client.ask('tools/list')),
      await client.reply(client.ask('tools/list')),
    ];
    expect(JSON.stringify(first.result)).toBe(JSON.stringify(second.result));
  });

  it('of prompts and resources carry public names and URIs', async () => {
    const { client } = await connected([full, echo], ['box__full__ask']);
    expect((await client.request('prompts/list')).result?.['prompts']).toMatchObject([{ name: 'box__full__greet' }]);
    expect((await client.request('resources/list')).result?.['resources']).toEqual([
      { uri: 'mcpa://box/full/test://a', name: 'a', title: 'a · box/full' },
    ]);
    expect((await client.request('resources/templates/list')).result?.['resourceTemplates']).toEqual([
      { uriTemplate: 'mcpa://box/full/test://{id}', name: 't', title: 't · box/full' },
    ]);
  });

  it(proves('answer at once from the cache, with every server down', 'lists-from-cache'), async () => {
    const paths = folders();
    await connected([echo, server('box/slow', 'slow.mjs')], ['box__echo__echo', 'box__slow__sleep'], { paths });
    // A server that never answers: what stands there can only come from disk.
    const silent = { ...echo, startTimeoutMs: 60_000 };
    const gateway = openGateway([silent, server('box/slow', 'slow.mjs')], { paths });
    const client = new StreamClient(gateway);
    client.ask('initialize', {
      protocolVersion: '2025-11-25',
      capabilities: {},
      clientInfo: { name: 't', version: '1' },
    });
    const began = performance.now();
    expect(await client.names()).toContain('box__echo__echo');
    // A server that was never listed would be waited for for 8 s.
    expect(performance.now() - began).toBeLessThan(6_000);
  });

  it('wait the first time for servers that were never listed, but not for those that cannot come', async () => {
    const gateway = openGateway([
      server('box/late', 'slow.mjs', { argv: ['--start-after', '700'] }),
      inline('box/dead', 'process.exit(1)'),
    ]);
    const client = new StreamClient(gateway);
    await client.initialize();
    const began = performance.now();
    expect(await client.names()).toContain('box__late__sleep');
    expect(performance.now() - began).toBeLessThan(7_000);
  });

  it('that a client no longer waits for are not sent', async () => {
    const client = new StreamClient(openGateway([server('box/late', 'slow.mjs', { argv: ['--start-after', '600'] })]));
    await client.initialize();
    const cancelled = client.ask('tools/list');
    client.send({ method: 'notifications/cancelled', params: { requestId: cancelled } });
    expect(await client.names()).toContain('box__late__sleep');
    expect(client.received.some(({ id }) => id === cancelled)).toBe(false);
  });
});

describe('list_changed', () => {
  it('comes once for several changes, and only for lists the client has seen', async () => {
    const { client } = await connected([server('box/changing', 'changing.mjs')], ['box__changing__add']);
    const changed = (): string[] =>
      client.received.flatMap(({ method }) => (method?.endsWith('list_changed') === true ? [method] : []));
    const before = changed().length;
    for (const name of ['a', 'b', 'c']) await client.text('box__changing__add', { name });
    await expect.poll(() => changed().length).toBeGreaterThan(before);
    await client.offers('box__changing__a', 'box__changing__b', 'box__changing__c');
    expect(changed().slice(before)).toEqual(['notifications/tools/list_changed']);
  });

  it('does not come where a server says so and nothing is different', async () => {
    const { client } = await connected([full], ['box__full__say']);
    await client.request('prompts/list');
    const before = client.received.filter(({ method }) => method?.endsWith('list_changed')).length;
    await client.text('box__full__say', { method: 'notifications/tools/list_changed' });
    await client.text('box__full__say', { method: 'notifications/prompts/list_changed' });
    await client.text('box__full__say', { method: 'notifications/x' });
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(client.received.filter(({ method }) => method?.endsWith('list_changed'))).toHaveLength(before);
  });

  it.each(['', 'process.exit(1);'])(
    'from a server that has not answered initialize does not lose its cached tools (%j)',
    async (then) => {
      const paths = folders();
      const script = join(scratch(), 'server.mjs');
      const changing = serverPlan('box', 'echo', { command: process.execPath, args: [{ pieces: [script] }] });
      writeFileSync(script, `await import(${JSON.stringify(ECHO)});`);
      await connected([changing], ['box__echo__echo'], { paths });
      writeFileSync(
        script,
        `process.stdin.resume().on('end', () => process.exit(0)); process.stdout.write('{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}\\n', () => { ${then} });`,
      );
      const gateway = openGateway([changing], { paths, plan: { catalog: { ttlMs: -1 } } });
      const client = new StreamClient(gateway);
      await client.initialize();
      const [unit] = gateway.units;
      await until(
        () => unit !== undefined && (then === '' ? unit.state.starting === 1 : unit.state.cause !== undefined),
      );
      await new Promise((resolve) => setTimeout(resolve, 400));
      expect(await client.names()).toContain('box__echo__echo');
    },
  );
});

describe('prompts, resources and completions', () => {
  it('find their server and come back under public URIs', async () => {
    const { client } = await connected([full, echo], ['box__full__ask']);
    const prompt = await client.request('prompts/get', { name: 'box__full__greet', arguments: { who: 'you' } });
    expect(prompt.result?.['messages']).toEqual([{ role: 'user', content: { type: 'text', text: 'greet you' } }]);
    const uri = 'mcpa://box/full/test://42';
    expect((await client.request('resources/read', { uri })).result?.['contents']).toEqual([
      { uri, text: 'content of test://42' },
    ]);
    const link = await client.call('box__full__link');
    expect(link.result).toEqual({
      content: [{ type: 'resource_link', uri: 'mcpa://box/full/test://a', name: 'a' }],
      structuredContent: { uri: 'test://a' },
    });
  });

  it.each([
    [
      { type: 'ref/prompt', name: 'box__full__greet', title: 'x' },
      { type: 'ref/prompt', name: 'greet', title: 'x' },
    ],
    [
      { type: 'ref/resource', uri: 'mcpa://box/full/test://{id}' },
      { type: 'ref/resource', uri: 'test://{id}' },
    ],
  ])('complete for %j', async (ref, original) => {
    const { client } = await connected([full, echo], ['box__full__ask']);
    const rest = { argument: { name: 'id', value: 'a' }, context: { arguments: { b: '1' } } };
    const { result } = await client.request('completion/complete', { ref, ...rest });
    expect(JSON.parse((result?.['completion'] as { values: string[] }).values[0] ?? '')).toEqual({
      ref: original,
      ...rest,
    });
  });

  it.each([
    ['prompts/get', { name: 'box__full__none' }, -32602],
    ['prompts/get', {}, -32602],
    ['completion/complete', { ref: { type: 'ref/prompt', name: 'none' } }, -32602],
    ['completion/complete', {}, -32602],
    ['resources/read', { uri: 'test://a' }, -32002],
    ['resources/read', { uri: 'mcpa://box/none/test://a' }, -32002],
    ['resources/subscribe', {}, -32002],
  ])('%s of %j is refused with %i', async (method, params, code) => {
    const { client } = await connected([full, echo], ['box__full__ask']);
    expect((await client.request(method, params)).error?.code).toBe(code);
  });

  it('that are not answered in time say whose fault it is', async () => {
    const { client } = await connected(
      [server('box/full', './full.mjs', { timeoutMs: 300, args: [...full.args, { pieces: ['--mute-prompts'] }] })],
      ['box__full__ask'],
    );
    const { error } = await client.request('prompts/get', { name: 'box__full__greet' });
    expect(error?.message).toMatch(/within 0\.3 s[\s\S]*box\/full[\s\S]*CALL_TIMEOUT/);
  });

  it('never start a server that is disabled', async () => {
    const { client, gateway } = await connected([echo, { ...full, enabled: false }], ['box__echo__echo']);
    const { error } = await client.request('resources/read', { uri: 'mcpa://box/full/test://a' });
    const unit = gateway.units.find(({ plan }) => plan.name === 'full');
    expect([error?.code, unit?.state]).toEqual([-32002, { starting: 0, ready: 0, cause: undefined, failures: 0 }]);
    expect(await client.text('box__full__ask')).toContain('box/full is switched off');
  });
});

describe('one server', () => {
  it(proves('that dies, hangs or floods does not disturb another', 'isolation'), async () => {
    const servers = [
      echo,
      inline('box/dead', 'process.exit(3)'),
      inline('box/mute', 'process.stdin.resume()'),
      inline('box/flood', `setInterval(() => process.stdout.write('x'.repeat(65536)), 1)`),
    ];
    const gateway = openGateway(servers.map((one) => ({ ...one, startTimeoutMs: 25_000 })));
    const client = new StreamClient(gateway);
    await client.initialize();
    expect(textOf(await client.call('box__echo__echo', { a: 1 }))).toBe('{"a":1}');
    const began = performance.now();
    for (let count = 0; count < 50; count += 1) await client.call('box__echo__echo', { count });
    expect(performance.now() - began).toBeLessThan(15_000);
  });
});
