import { describe, expect, it } from 'vitest';
import { listAll } from '../../../src/upstream/list.ts';
import { kept } from '../protocol/kit.ts';
import { HELLO, type InstanceKit, instanceKit } from './kit.ts';

async function upWith(capabilities: object): Promise<InstanceKit> {
  const kit = instanceKit();
  await kit.up({ ...HELLO, capabilities });
  return kit;
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
    expect(await lists).toEqual({ tools: [], prompts: [], resources: [], resourceTemplates: [] });
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

  it('does not go round with a cursor that does', async () => {
    const { instance, channel } = await upWith({ tools: {} });
    const lists = kept(listAll(instance));
    for (const id of [2, 3]) await channel.say({ id, result: { tools: [], nextCursor: 'same' } });
    expect((await lists).tools).toMatchObject({ code: 'SERVER_PROTOCOL' });
  });

  it('does not go on for ever with cursors that never end', async () => {
    const { instance, channel } = await upWith({ tools: {} });
    const lists = kept(listAll(instance));
    for (let id = 2; id <= 1001; id += 1) await channel.say({ id, result: { tools: [], nextCursor: String(id) } });
    expect((await lists).tools).toMatchObject({ code: 'SERVER_PROTOCOL' });
  });
});
