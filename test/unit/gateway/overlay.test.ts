/** A server may list other things for other clients: each is given what was listed for its own capabilities. */
import { expect, it } from 'vitest';
import { scratch } from '../../harness/scratch.ts';
import { until } from '../../harness/until.ts';
import { folders, inline, openGateway, StreamClient } from './kit.ts';

const DEPENDS = `
import { createInterface } from 'node:readline';
let able;
createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method, params } = JSON.parse(line);
  if (method === 'initialize') able = params.capabilities.roots !== undefined;
  const tool = (name) => ({ name, inputSchema: { type: 'object' } });
  const results = {
    initialize: { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name: 'v', version: '1' } },
    'tools/list': { tools: able ? [tool('common'), tool('extra')] : [tool('common')] },
    'tools/call': { content: [{ type: 'text', text: 'ran ' + params?.name }] },
  };
  if (id !== undefined) process.stdout.write(JSON.stringify({ jsonrpc: '2.0', id, result: results[method] }) + '\\n');
}).on('close', () => process.exit(0));
`;

const BOTH = ['box__d__common', 'box__d__extra'];
const COMMON = ['box__d__common'];
const listChanges = (client: StreamClient): number =>
  client.lines.filter((line) => line.includes('list_changed')).length;

async function joined(gateway: ReturnType<typeof openGateway>, capabilities: object): Promise<StreamClient> {
  const client = new StreamClient(gateway);
  await client.initialize(capabilities);
  return client;
}

it('a server that lists by its client’s capabilities is listed to each client as it listed for it', async () => {
  const gateway = openGateway([inline('box/d', DEPENDS)]);
  const able = await joined(gateway, { roots: {} });
  expect(await able.names()).toEqual(BOTH);
  const plain = await joined(gateway, {});
  expect(await plain.text('box__d__common')).toBe('ran common');
  await expect.poll(() => plain.names()).toHaveLength(1);
  expect(await plain.names()).toEqual(COMMON);
  expect(await able.names()).toEqual(BOTH);
  expect(await able.text('box__d__extra')).toBe('ran extra');
  expect((await plain.call('box__d__extra')).error?.code).toBe(-32602);
});

it('a client whose like was never seen is given what is known at once, told when its own is, and no other client is', async () => {
  const gateway = openGateway([inline('box/d', DEPENDS)]);
  const able = await joined(gateway, { roots: {} });
  expect(await able.names()).toEqual(BOTH);
  const plain = new StreamClient(gateway);
  const hello = plain.initialize({});
  const first = plain.names();
  await hello;
  expect(await first).toEqual(BOTH);
  await plain.waitFor(({ method }) => method === 'notifications/tools/list_changed');
  expect(await plain.names()).toEqual(COMMON);
  await able.request('ping');
  expect([listChanges(able), listChanges(plain)]).toEqual([0, 1]);
});

it('both find their own lists again in the next run, where no server was started yet', async () => {
  const paths = folders(scratch());
  const server = inline('box/d', DEPENDS);
  const first = openGateway([server], { paths });
  for (const [capabilities, names] of [
    [{ roots: {} }, BOTH],
    [{}, COMMON],
  ] as const) {
    const client = await joined(first, capabilities);
    await until(async () => (await client.names()).length === names.length);
  }
  await first.close();
  const second = openGateway([server], { paths, starts: false });
  expect(await (await joined(second, { roots: {} })).names()).toEqual(BOTH);
  expect(await (await joined(second, {})).names()).toEqual(COMMON);
  expect(second.units.map(({ state }) => [state.starting, state.ready])).toEqual([[0, 0]]);
});

it('where the server is shared, all are given what it listed for all', async () => {
  const gateway = openGateway([inline('box/d', DEPENDS, { sharing: 'shared' })]);
  const able = await joined(gateway, { roots: {} });
  expect(await able.names()).toEqual(COMMON);
  const plain = await joined(gateway, {});
  expect(await plain.names()).toEqual(COMMON);
  expect(await plain.text('box__d__common')).toBe('ran common');
  expect(gateway.units.map(({ state }) => state.ready)).toEqual([1]);
});
