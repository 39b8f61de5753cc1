/** Public names: legal everywhere, stable, and what the hosts file makes of them. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { printed } from '../harness/control.ts';
import { fixture, type HostEntry, writeHostsFile } from '../harness/hosts-file.ts';
import { initialize, runProgram, startServe } from '../harness/program.ts';
import { makeSandbox } from '../harness/sandbox.ts';
import { type Sshd, startSshd } from '../harness/sshd.ts';
import { call, callText, listTools, offers, textOf, toolNames } from '../harness/tools.ts';
import { until } from '../harness/until.ts';
import { proves } from '../requirements.ts';

let sshd: Sshd;
beforeAll(async () => {
  sshd = await startSshd();
});
afterAll(() => sshd.stop());

const host = (name: string, script: string, more: object = {}, args: string[] = []): HostEntry => ({
  sshd,
  servers: { [name]: fixture(sshd, script, args, { ...more }) },
});

async function serving(hosts: Record<string, HostEntry>, top: object = {}) {
  const { client } = startServe(writeHostsFile(hosts, { ...top }).path);
  await initialize(client);
  return client;
}

describe('public names', () => {
  it('are host__server__tool, in an order that does not depend on who was faster', async () => {
    const hosts = {
      zeta: host('echo', 'slow.mjs', {}, ['--start-after', '300']),
      alpha: host('echo', 'sh-echo.sh'),
    };
    const order = async (): Promise<string[]> => {
      const client = await serving(hosts);
      const names = await offers(client, ['zeta__echo__sleep', 'alpha__echo__echo']);
      await client.close();
      return names;
    };
    expect(await order()).toEqual(await order());
  });

  it("are legal and unique even where a server's own are not", async () => {
    const client = await serving({ box: host('bad', 'bad-tools.mjs'), other: host('echo', 'echo.mjs') });
    const names = await offers(client, ['box__bad__good', 'other__echo__echo']);
    for (const name of names) expect(name).toMatch(/^[A-Za-z0-9_-]{1,48}$/);
    expect(new Set(names).size).toBe(names.length);
  });

  it('of tools with long or illegal names still lead to them', async () => {
    const client = await serving({ box: host('bad', 'bad-tools.mjs') });
    const tools = (await offers(client, ['box__bad__good'])).filter((name) => name.startsWith('box__bad__long'));
    expect(tools).toHaveLength(2);
    const answers = await Promise.all(tools.map((name) => callText(client, name)));
    expect(answers.map((answer) => answer.length).sort()).toEqual(['called '.length + 205, 'called '.length + 209]);
  });

  it('never change because another host came or went', async () => {
    const bad = host('bad', 'bad-tools.mjs');
    const alone = await offers(await serving({ box: bad }), ['box__bad__good']);
    const client = await serving({ abc: host('bad', 'bad-tools.mjs'), box: bad });
    const together = await offers(client, ['abc__bad__good', 'box__bad__good']);
    expect(together.filter((name) => name.startsWith('box'))).toEqual(alone);
  });

  it('obey naming.maxLength', async () => {
    const client = await serving(
      { box: host('pages-of-tools', 'pages.mjs', {}, ['3', '2']) },
      { naming: { maxLength: 24 } },
    );
    // box__pages-of-tools__tool_0000 has 30 characters.
    const list = await until(async () => {
      const names = await toolNames(client);
      return names.length === 3 && names;
    });
    for (const name of list) expect(name.length).toBeLessThanOrEqual(24);
    expect(await Promise.all(list.map((name) => callText(client, name)))).toEqual([
      'called tool_0000',
      'called tool_0001',
      'called tool_0002',
    ]);
  });
});

describe('tools.allow, deny and rename', () => {
  const filtered = { tools: { allow: ['e*', 'raw', 'fail'], deny: ['err*', 'exit'], rename: { raw: 'line' } } };

  it('filter the listing', async () => {
    const client = await serving({ box: host('echo', 'echo.mjs', filtered) });
    expect((await offers(client, ['box__echo__echo'])).sort()).toEqual([
      'box__echo__echo',
      'box__echo__fail',
      'box__echo__line',
    ]);
  });

  it(proves('guard the call alike, by any name', 'filter-guards'), async () => {
    const client = await serving({ box: host('echo', 'echo.mjs', filtered) });
    await offers(client, ['box__echo__echo']);
    for (const name of [
      'box__echo__exit',
      'box__echo__error',
      'box__echo__where',
      'box__echo__raw',
      'exit',
      'box__echo__EXIT',
    ]) {
      const { message } = await client.reply(client.ask('tools/call', { name, arguments: {} }));
      expect(
        message.error !== undefined || (message.result as { isError?: boolean } | undefined)?.isError === true,
        name,
      ).toBe(true);
    }
    expect(JSON.parse(await callText(client, 'box__echo__line'))).toMatchObject({
      method: 'tools/call',
      params: { name: 'raw' },
    });
  });

  it(proves('guard before the server has ever been listed', 'filter-guards'), async () => {
    const client = await serving({ box: host('echo', 'echo.mjs', filtered) });
    const { message, line } = await client.reply(client.ask('tools/call', { name: 'box__echo__where', arguments: {} }));
    expect(
      message.error !== undefined || (message.result as { isError?: boolean } | undefined)?.isError === true,
      line,
    ).toBe(true);
  });
});

describe('a call', () => {
  it('to a tool that does not exist says so and names what to do', async () => {
    const client = await serving({ box: host('echo', 'echo.mjs') });
    await offers(client, ['box__echo__echo']);
    const { line } = await client.reply(client.ask('tools/call', { name: 'box__echo__ehco', arguments: {} }));
    expect(line).toContain('box__echo__ehco');
  });

  it("gives a tool's own failure as it is", async () => {
    const client = await serving({ box: host('echo', 'echo.mjs') });
    await offers(client, ['box__echo__fail']);
    expect(await call(client, 'box__echo__fail')).toEqual({
      content: [{ type: 'text', text: 'it went wrong' }],
      isError: true,
    });
    const { message } = await client.reply(
      client.ask('tools/call', {
        name: 'box__echo__error',
        arguments: { code: -32042, message: 'No: "x"', data: { a: [1] } },
      }),
    );
    expect(message.error).toEqual({ code: -32042, message: 'No: "x"', data: { a: [1] } });
  });

  it('says when the server died under it, and the next one starts it again', async () => {
    const client = await serving({ box: host('echo', 'echo.mjs') });
    await offers(client, ['box__echo__exit']);
    const result = await call(client, 'box__echo__exit', { code: 3 });
    expect(result.isError).toBe(true);
    expect(textOf(result)).toMatch(/box.*echo/s);
    expect(await callText(client, 'box__echo__echo', { message: 1 })).toBe('{"message":1}');
  });
});

it('tools --json of a run of its own shows public and original names', async () => {
  const file = writeHostsFile({
    box: host('echo', 'echo.mjs', { tools: { allow: ['echo'], rename: { echo: 'repeat' } } }),
  });
  const { code, stdout, stderr } = await runProgram(['tools', '--json', '--config', file.path], makeSandbox());
  expect({ code, stderr }).toMatchObject({ code: 0 });
  expect(printed('tools', stdout).tools).toMatchObject([
    { name: 'box__echo__repeat', host: 'box', server: 'echo', original: 'echo' },
  ]);
});

it(proves('pages are drained, whatever their cursors look like', 'tools-list'), async () => {
  const client = await serving({
    box: host('pages', 'pages.mjs', {}, ['130', '7']),
    other: host('echo', 'sh-echo.sh'),
  });
  await offers(client, ['box__pages__tool_0129', 'other__echo__echo']);
  expect((await listTools(client)).filter((tool) => tool.name.startsWith('box'))).toHaveLength(130);
});

it(proves('a tools filter cannot be walked around with --transparent', 'transparent'), async () => {
  const hosts = writeHostsFile({ box: host('echo', 'echo.mjs', { tools: { deny: ['*'] } }) });
  const serve = ['serve', '--in-process', '--config', hosts.path, '--transparent', 'box/echo'];
  const { code, stdout, stderr } = await runProgram(serve, makeSandbox());
  expect(code).toBe(2);
  expect(stdout).toBe('');
  expect(stderr).toContain('box/echo has tools.allow or tools.deny');
});
