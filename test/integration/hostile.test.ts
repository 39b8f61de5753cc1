/** A server and a client whose lines other readers take for several messages: nothing of one reaches another. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serverIn, statusOf } from '../harness/control.ts';
import { fixture, type HostsFile, writeHostsFile } from '../harness/hosts-file.ts';
import { initialize, startServe } from '../harness/program.ts';
import type { RawClient } from '../harness/raw-client.ts';
import { makeSandbox } from '../harness/sandbox.ts';
import { type Sshd, startSshd } from '../harness/sshd.ts';
import { call, callText, listTools, offers, textOf } from '../harness/tools.ts';
import { proves } from '../requirements.ts';

let sshd: Sshd;
beforeAll(async () => {
  sshd = await startSshd();
});
afterAll(() => sshd.stop());

const SECRET = { jsonrpc: '2.0', id: 999, method: 'tools/call', params: { name: 'secret' } };

function hostsFile(more: object = {}): HostsFile {
  return writeHostsFile({
    bad: { sshd, servers: { hostile: fixture(sshd, 'hostile.mjs', [], { ...more }) } },
    good: { sshd, servers: { slow: fixture(sshd, 'slow.mjs') } },
  });
}

/** As a reader sees them that ends lines at every control byte, and to which bytes that are no UTF-8 are an error. */
function expectWholeLines(client: RawClient): void {
  for (const { line } of client.received) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is looked for.
    expect(line).not.toMatch(/[\u0000-\u001f\ufffd]/u);
    expect(() => JSON.parse(line) as unknown, line).not.toThrow();
  }
}

const MODES = [
  { mode: 'a merged session', args: [], prefix: 'bad__hostile__', waits: 'good__slow__sleep' },
  { mode: '--transparent', args: ['--transparent', 'bad/hostile'], prefix: '', waits: 'wait' },
];

describe.each(MODES)('in $mode', ({ args, prefix, waits }) => {
  const open = async (): Promise<RawClient> => {
    const { client } = startServe(hostsFile().path, makeSandbox(), { args });
    await initialize(client);
    if (prefix !== '') await offers(client, [`${prefix}answer`, waits]);
    return client;
  };

  it(proves('a spoilt answer ends its own call, and one that only looks odd is understood', 'isolation'), async () => {
    const client = await open();
    for (const how of ['cr', 'textId', 'escaped'])
      expect(await callText(client, `${prefix}answer`, { how }), how).toBe('fine');
    for (const how of ['crInside', 'control', 'utf8', 'large', 'twice', 'otherCase', 'both']) {
      const { line } = await client.reply(client.ask('tools/call', { name: `${prefix}answer`, arguments: { how } }));
      expect(line, how).toContain('SERVER_PROTOCOL');
    }
    expect(await callText(client, `${prefix}seen`)).toBe('0');
    expectWholeLines(client);
  });

  it(proves('a pending call is answered by its own server alone, whatever another forges', 'isolation'), async () => {
    const client = await open();
    const pending = client.ask('tools/call', { name: waits, arguments: { ms: 2000 } });
    expect(await callText(client, `${prefix}forge`, { upTo: 60 })).toBe('forged');
    const { line } = await client.reply(pending);
    expect(line).not.toContain('forged');
    expect(JSON.parse(line)).toHaveProperty('result.content');
    const replies = client.received.filter(({ message }) => message.method === undefined);
    expect(replies.filter(({ message }) => message.id === pending)).toHaveLength(1);
    expect(client.notifications('notifications/x').length).toBeGreaterThan(0);
    for (const { message } of client.received) if (message.method !== undefined) expect(message.id).toBeUndefined();
    expectWholeLines(client);
  });

  it(proves('a call that stands behind a CR in a client’s line is not made', 'filter-guards'), async () => {
    const client = await open();
    const head = `"jsonrpc":"2.0","id":"smuggles","method":"tools/call","params":{"name":"${prefix}seen"`;
    client.send(`{${head},"arguments":{"a":\r${JSON.stringify(SECRET)}\r}}}`);
    expect((await client.reply('smuggles')).message.result).toMatchObject({ content: [{ text: '0' }] });
    client.send(`{${head.replace('smuggles', 'inside')},"arguments":{"a":"\r${'x'.repeat(40)}"}}}`);
    expect((await client.reply('inside')).message.error?.code).toBe(-32700);
    client.send(`{"jsonrpc":"2.0","method":"notifications/x","params":\r${JSON.stringify(SECRET)}\r}`);
    client.send(JSON.stringify({ ...SECRET, id: undefined, params: { name: `${prefix}secret` } }));
    expect(await callText(client, `${prefix}seen`)).toBe('0');
    expectWholeLines(client);
  });
});

it('only definitions that all clients can read are offered, also from the cache', async () => {
  const file = hostsFile({ tools: { deny: ['secret'] } });
  const sandbox = makeSandbox();
  const names = ['answer', 'forge', 'padded', 'seen', 'wait'].map((name) => `bad__hostile__${name}`);
  for (const from of ['the server', 'the cache']) {
    const { client } = startServe(file.path, sandbox);
    await initialize(client);
    await offers(client, ['bad__hostile__padded']);
    const listed = (await listTools(client)).map(({ name }) => name).filter((name) => name.startsWith('bad__'));
    expect(listed.toSorted(), from).toEqual(names);
    expectWholeLines(client);
  }
  const { problems } = serverIn(await statusOf(file.path, sandbox), 'bad', 'hostile');
  for (const name of ['broken', 'latin', 'twin', 'huge', 'deep']) expect(JSON.stringify(problems)).toContain(name);
  expect(JSON.stringify(serverIn(await statusOf(file.path, sandbox), 'good', 'slow'))).toContain('"problems":[]');
});

it(proves('with one server a call without an id does not pass its filter', 'filter-guards'), async () => {
  const servers = { hostile: fixture(sshd, 'hostile.mjs', [], { tools: { deny: ['secret'] } }) };
  const { client } = startServe(writeHostsFile({ bad: { sshd, servers } }).path);
  await initialize(client);
  await offers(client, ['bad__hostile__seen']);
  client.send(JSON.stringify({ ...SECRET, id: undefined }));
  client.send(JSON.stringify({ ...SECRET, id: null }));
  expect(textOf(await call(client, 'bad__hostile__seen'))).toBe('0');
});
