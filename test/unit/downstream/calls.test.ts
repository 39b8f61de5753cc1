import { describe, expect, it } from 'vitest';
import { proves } from '../../requirements.ts';
import { connected, server, textOf } from '../gateway/kit.ts';

const echo = server('box/echo', 'echo.mjs');
const slow = server('box/slow', 'slow.mjs');

describe('tools/call', () => {
  it('reaches the tool under its own name, and nothing else of the request changes', async () => {
    const { client } = await connected([echo], ['box__echo__raw']);
    client.send(
      '{ "params" : {"arguments":{"n":1.0,"name":"box__echo__raw"},"name":"box__echo__raw","future":[1e400]},"method":"tools/call","id":"a", "jsonrpc":"2.0" }',
    );
    const line = textOf(await client.reply('a'));
    expect(line).toContain('"arguments":{"n":1.0,"name":"box__echo__raw"},"name":"raw","future":[1e400]');
  });

  it('keeps what the server answered byte for byte', async () => {
    const { client } = await connected([echo], ['box__echo__result']);
    const json = '{"content":[],"big":12345678901234567890,"one":1.0,"x-new":{"a":[ ]}}';
    const id = client.ask('tools/call', { name: 'box__echo__result', arguments: { json } });
    await client.reply(id);
    expect(client.lines.at(-1)).toBe(`{"jsonrpc":"2.0","id":${id},"result":${json}}`);
  });

  it(proves("keeps a server's JSON-RPC errors, data and all", 'url-elicitation'), async () => {
    const { client } = await connected([echo], ['box__echo__error']);
    const { error } = await client.call('box__echo__error', {
      code: -32042,
      message: 'go there',
      data: { url: 'https://x', n: [1] },
    });
    expect(error).toEqual({ code: -32042, message: 'go there', data: { url: 'https://x', n: [1] } });
  });

  it.each([{ name: 'none' }, { name: 'box__echo__none' }, { name: 5 }, {}])(
    'of an unknown tool is refused: %j',
    async (params) => {
      const { client } = await connected([echo], ['box__echo__raw']);
      expect((await client.request('tools/call', params)).error?.code).toBe(-32602);
    },
  );

  it('of a tool the hosts file denies is refused as if there were none', async () => {
    const { client } = await connected(
      [server('box/echo', 'echo.mjs', { tools: { allow: [], deny: ['ex*'], rename: new Map([['echo', 'say']]) } })],
      ['box__echo__say'],
    );
    expect(await client.names()).not.toContain('box__echo__exit');
    for (const name of ['box__echo__exit', 'box__echo__echo', 'exit'])
      expect((await client.call(name)).error?.code).toBe(-32602);
    expect(await client.text('box__echo__say', { a: 1 })).toBe('{"a":1}');
  });

  it.each([
    '{"name":"box__echo__exit","name":"box__echo__echo"}',
    '{"name":"exit","name":"box__echo__echo"}',
    '{"name":"box__echo__echo","Name":"exit"}',
    '{"NAME":"exit","name":"box__echo__echo"}',
  ])('that names two tools to different readers of JSON is refused: %s', async (params) => {
    const { client } = await connected(
      [server('box/echo', 'echo.mjs', { tools: { allow: [], deny: ['exit'], rename: new Map() } })],
      ['box__echo__echo'],
    );
    client.send(`{"jsonrpc":"2.0","id":"a","method":"tools/call","params":${params}}`);
    expect((await client.reply('a')).error?.code).toBe(-32602);
  });

  it.each([
    '"Params":{"name":"exit"},"params":{"name":"box__echo__echo"}',
    '"params":{"name":"box__echo__echo"},"METHOD":"tools/list"',
  ])('that is two messages to different readers is refused: %s', async (members) => {
    const { client } = await connected([echo], ['box__echo__echo']);
    client.send(`{"jsonrpc":"2.0","id":"a","method":"tools/call",${members}}`);
    expect((await client.reply('a')).error?.code).toBe(-32600);
  });

  it(proves('that is cancelled gets no answer, and the server is told', 'cancelled'), async () => {
    const { client } = await connected([slow], ['box__slow__never']);
    const id = client.ask('tools/call', { name: 'box__slow__never' });
    await client.text('box__slow__cancelled');
    client.send({ method: 'notifications/cancelled', params: { requestId: id, reason: 'enough' } });
    await expect.poll(() => client.text('box__slow__cancelled')).toBe('[{"known":true,"reason":"enough"}]');
    expect(client.received.some((message) => message.id === id)).toBe(false);
  });

  it('is not disturbed by a cancellation of something else', async () => {
    const { client } = await connected([slow], ['box__slow__sleep']);
    const id = client.ask('tools/call', { name: 'box__slow__sleep', arguments: { ms: 200 } });
    for (const requestId of [id + 1, String(id), null, undefined])
      client.send({ method: 'notifications/cancelled', params: { requestId } });
    expect(textOf(await client.reply(id))).toBe('slept 200 ms');
  });

  it.each(['"t"', '7', '"7"', '12345678901234567890'])(
    proves('gets its progress under its own token %s, before its answer', 'progress'),
    async (token) => {
      const { client } = await connected([slow], ['box__slow__steps']);
      client.send(
        `{"jsonrpc":"2.0","id":"a","method":"tools/call","params":{"name":"box__slow__steps","arguments":{"count":2,"everyMs":5},"_meta":{"progressToken":${token}}}}`,
      );
      await client.reply('a');
      const lines = client.lines.filter((line) => line.includes('notifications/progress'));
      expect(lines).toEqual(
        [1, 2].map(
          (step) =>
            `{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":${token},"progress":${step},"total":2,"message":"step ${step}","x-extra":true}}`,
        ),
      );
      expect(client.lines.findLastIndex((line) => line.includes('progress"'))).toBeLessThan(
        client.lines.findIndex((line) => line.includes('"id":"a"')),
      );
    },
  );

  it("that takes longer than the server's patience fails in words a model can act on", async () => {
    const { client } = await connected([server('box/slow', 'slow.mjs', { timeoutMs: 300 })], ['box__slow__never']);
    const { result } = await client.call('box__slow__never');
    expect(result).toMatchObject({ isError: true });
    expect(textOf({ result: result ?? {} })).toMatch(/within 0\.3 s[\s\S]*box\/slow[\s\S]*CALL_TIMEOUT[\s\S]*Next: /);
  });

  it('may take long as long as there is progress', async () => {
    const { client } = await connected([server('box/slow', 'slow.mjs', { timeoutMs: 400 })], ['box__slow__steps']);
    const reply = await client.call('box__slow__steps', { count: 8, everyMs: 100 }, { _meta: { progressToken: 1 } });
    expect(textOf(reply)).toBe('8 steps');
  });

  it('has an unknown outcome where the server dies of it, and the next one finds a new server', async () => {
    const { client } = await connected([echo], ['box__echo__exit']);
    const { result } = await client.call('box__echo__exit', { code: 3 });
    expect(result).toMatchObject({ isError: true });
    expect(textOf({ result: result ?? {} })).toMatch(/outcome unknown[\s\S]*exit code 3[\s\S]*OUTCOME_UNKNOWN/);
    expect(await client.text('box__echo__echo', { again: true })).toBe('{"again":true}');
  });

  it('keeps the order of its requests, and answers each when it is ready', async () => {
    const { client } = await connected([slow], ['box__slow__sleep']);
    const first = client.ask('tools/call', { name: 'box__slow__sleep', arguments: { ms: 300 } });
    const second = client.ask('tools/call', { name: 'box__slow__sleep', arguments: { ms: 1 } });
    await client.reply(first);
    const ids = client.received.map(({ id }) => id);
    expect(ids.indexOf(second)).toBeLessThan(ids.indexOf(first));
  });
});
