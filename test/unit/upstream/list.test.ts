import { describe, expect, it } from 'vitest';
import { AnywhereError } from '../../../src/base/errors.ts';
import { type Listed, listAll } from '../../../src/upstream/list.ts';
import { kept, settled } from '../protocol/kit.ts';
import { HELLO, type InstanceKit, instanceKit } from './kit.ts';

async function upWith(capabilities: object): Promise<InstanceKit> {
  const kit = instanceKit({}, { maxMessageBytes: 64 * 1024 * 1024 });
  await kit.up({ ...HELLO, capabilities });
  return kit;
}

function definitionsOf(list: readonly Buffer[] | AnywhereError | undefined): readonly Buffer[] {
  if (list instanceof AnywhereError) throw list;
  return list ?? [];
}

describe('listAll', () => {
  it('asks only for what the server has', async () => {
    const { instance, channel } = await upWith({ resources: {} });
    const lists = kept(listAll(instance));
    const asked = (await channel.written()).slice(2);
    expect(asked.map(({ method }) => method)).toEqual(['resources/list', 'resources/templates/list']);
    await channel.say(
      { id: asked[0]?.id, result: { resources: [] } },
      { id: asked[1]?.id, error: { code: -32601, message: 'no' } },
    );
    expect(await lists).toMatchObject({ tools: [], prompts: [], resources: [], resourceTemplates: [], withheld: [] });
  });

  it('drains all pages, cursors handed back as they came', async () => {
    const { instance, channel } = await upWith({ tools: {} });
    const lists = kept(listAll(instance));
    await channel.say('{"jsonrpc":"2.0","id":2,"result":{"tools":[ {"a":1.0} , {"b":2}],"nextCursor":"\\u0041\\/é"}}');
    expect((await channel.written()).at(-1)).toEqual({
      jsonrpc: '2.0',
      id: 3,
      method: 'tools/list',
      params: { cursor: 'A/é' },
    });
    await channel.say('{"jsonrpc":"2.0","id":3,"result":{"nextCursor":null,"tools":[3]}}');
    expect(((await lists).tools as Buffer[]).map(String)).toEqual(['{"a":1.0}', '{"b":2}', '3']);
  });

  it.each([
    ['{"jsonrpc":"2.0","id":2,"error":{"code":-32603,"message":"database is down"}}', 'database is down'],
    ['{"jsonrpc":"2.0","id":2,"result":{"tools":{}}}', 'holds no array "tools"'],
    ['{"jsonrpc":"2.0","id":2,"result":{}}', 'holds no array "tools"'],
    ['{"jsonrpc":"2.0","id":2,"result":null}', 'holds no array "tools"'],
  ])('fails in words after %s', async (answer, words) => {
    const { instance, channel } = await upWith({ tools: {} });
    const lists = kept(listAll(instance));
    await channel.say(answer);
    expect((await lists).tools).toMatchObject({
      code: 'SERVER_PROTOCOL',
      host: 'box',
      server: 'files',
      message: expect.stringContaining(words) as unknown,
    });
  });

  it.each(['""', 'null', '7'])('takes the cursor %s for the end, as clients do', async (cursor) => {
    const { instance, channel } = await upWith({ tools: {} });
    const lists = kept(listAll(instance));
    await channel.say(`{"jsonrpc":"2.0","id":2,"result":{"tools":[1],"nextCursor":${cursor}}}`);
    expect(((await lists).tools as Buffer[]).map(String)).toEqual(['1']);
  });

  it.each([
    ['the same cursor', ['x', 'x']],
    ['two cursors in turn', ['A', 'B', 'A']],
  ])('keeps what was listed where a server repeats %s, and says so once', async (_, cursors) => {
    const { instance, channel } = await upWith({ tools: {} });
    const lists = kept(listAll(instance));
    for (const [at, nextCursor] of cursors.entries())
      await channel.say({ id: at + 2, result: { tools: [{ name: 't' }], nextCursor } });
    const { tools, withheld } = await lists;
    expect(definitionsOf(tools).map(String)).toContain('{"name":"t"}');
    expect(withheld).toMatchObject([
      { item: 'tools/list', reason: expect.stringContaining('repeats a cursor') as unknown },
    ]);
    expect((await channel.written()).filter(({ method }) => method === 'tools/list')).toHaveLength(cursors.length);
  });

  it('keeps the pages before a page that fails, and says why', async () => {
    const { instance, channel } = await upWith({ tools: {} });
    const lists = kept(listAll(instance));
    await channel.say({ id: 2, result: { tools: [{ name: 't' }], nextCursor: 'p2' } });
    await channel.say({ id: 3, error: { code: -1, message: 'boom' } });
    const { tools, cutShort } = await lists;
    expect(definitionsOf(tools).map(String)).toEqual(['{"name":"t"}']);
    expect(cutShort?.get('tools')).toMatchObject({
      code: 'SERVER_PROTOCOL',
      message: expect.stringContaining('boom') as unknown,
    });
  });

  it('gives what is there while another list is not answered', async () => {
    const { instance, channel, clock } = await upWith({ tools: {}, prompts: {} });
    const early: Listed[] = [];
    const lists = kept(listAll(instance, { clock, take: (listed) => early.push(listed) }));
    await channel.say({ id: 2, result: { tools: [{ name: 't' }] } });
    clock.advance(250);
    await settled();
    expect(early).toMatchObject([{ tools: [expect.anything()], prompts: undefined, resources: [] }]);
    await channel.say({ id: 3, result: { prompts: [{ name: 'p' }] } });
    expect(definitionsOf((await lists).prompts)).toHaveLength(1);
  });

  it('gives the pages before a page that is never answered', async () => {
    const { instance, channel, clock } = await upWith({ tools: {} });
    const early: Listed[] = [];
    const lists = kept(listAll(instance, { clock, take: (listed) => early.push(listed) }));
    await channel.say({ id: 2, result: { tools: [{ name: 't' }], nextCursor: 'p2' } });
    clock.advance(250);
    expect(early).toMatchObject([{ tools: [expect.anything()] }]);
    expect(early[0]?.cutShort?.has('tools')).toBe(true);
    await channel.say({ id: 3, result: { tools: [{ name: 'u' }] } });
    expect([definitionsOf((await lists).tools).length, (await lists).cutShort?.size]).toEqual([2, 0]);
  });

  it.each([
    ['half of a surrogate pair in a text', String.raw`"d":"x \ud83d y"`, 'surrogate'],
    ['half of a surrogate pair in a key', String.raw`"\udc00":1`, 'surrogate'],
    ['halves in the wrong order', String.raw`"d":"\ude00\ud83d"`, 'surrogate'],
    ['a whole number of 4,301 digits', `"d":${'9'.repeat(4_301)}`, 'digits'],
  ])('withholds a definition with %s', async (_, member, reason) => {
    const { instance, channel } = await upWith({ tools: {} });
    const lists = kept(listAll(instance));
    const good = String.raw`{"name":"ok","d":"\ud83d\ude00 \\ud83d","n":[1e999,"${'9'.repeat(5_000)}",${'9'.repeat(4_300)}]}`;
    await channel.say(`{"jsonrpc":"2.0","id":2,"result":{"tools":[{"name":"bad",${member}},${good}]}}`);
    const { tools, withheld } = await lists;
    expect(definitionsOf(tools).map(String)).toEqual([good]);
    expect(withheld).toMatchObject([{ item: 'bad', reason: expect.stringContaining(reason) as unknown }]);
  });

  it('does not go on for ever with cursors that never end', async () => {
    const { instance, channel } = await upWith({ tools: {} });
    const lists = kept(listAll(instance));
    for (let id = 2; id <= 1001; id += 1) await channel.say({ id, result: { tools: [], nextCursor: String(id) } });
    expect((await lists).withheld).toMatchObject([
      { reason: expect.stringContaining('listingPages (1000)') as unknown },
    ]);
    expect((await channel.written()).filter(({ method }) => method === 'tools/list')).toHaveLength(1_000);
  });

  const nested = (depth: number): string => `{"name":"t","x":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`;

  it.each([
    ['definitionBytes', [{ name: 'big', description: 'x'.repeat(300_000) }, { name: 'ok' }], ['ok'], 'big'],
    ['definitionDepth', [JSON.parse(nested(65)) as object, JSON.parse(nested(64)) as object], ['t'], 't'],
    [
      'listingItems',
      Array.from({ length: 20_010 }, () => ({ name: 'n' })),
      Array<string>(20_000).fill('n'),
      'tools/list',
    ],
    [
      'listingBytes',
      Array.from({ length: 100 }, () => ({ name: 'n', description: 'x'.repeat(200_000) })),
      Array<string>(83).fill('n'),
      'tools/list',
    ],
  ])('withholds what is over limits.%s, and says so', async (limit, tools, kept_, item) => {
    const { instance, channel } = await upWith({ tools: {} });
    const lists = kept(listAll(instance));
    const isFull = limit.startsWith('listing');
    await channel.say({ id: 2, result: { tools, nextCursor: 'more' } });
    // A list that is full is asked for no more of its pages.
    if (!isFull) await channel.say({ id: 3, result: { tools: [] } });
    const { tools: taken, withheld } = await lists;
    expect(definitionsOf(taken).map((bytes) => (JSON.parse(String(bytes)) as { name: string }).name)).toEqual(kept_);
    expect(withheld).toMatchObject([{ item, reason: expect.stringContaining(`limits.${limit}`) as unknown }]);
    const asked = (await channel.written()).filter(({ method }) => method === 'tools/list');
    expect(asked).toHaveLength(isFull ? 1 : 2);
  });

  it('takes no harm from a definition that is nested a hundred thousand deep, or from a million of them', async () => {
    const { instance, channel } = await upWith({ tools: {} });
    const lists = kept(listAll(instance));
    const many = '{"name":"n"},'.repeat(1_000_000);
    await channel.say(`{"jsonrpc":"2.0","id":2,"result":{"tools":[${nested(100_000)},${many}{"name":"z"}]}}`);
    const { tools, withheld } = await lists;
    expect(definitionsOf(tools).length + withheld.length).toBeLessThanOrEqual(20_002);
    expect(withheld.map(({ item }) => item)).toEqual(['t', 'tools/list']);
  });
});
