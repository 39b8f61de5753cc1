import { expect, it } from 'vitest';
import { reportHosts } from '../../../src/control/status.ts';
import { inline, openGateway, StreamClient } from './kit.ts';

/** Its tools/list fails, the second time not; it has one prompt and one resource. */
const PROGRAM = `
import { createInterface } from 'node:readline';
let asked = 0;
const results = {
  initialize: { protocolVersion: '2025-11-25', capabilities: { tools: {}, prompts: {}, resources: {} }, serverInfo: { name: 'x', version: '1' } },
  'prompts/list': { prompts: [{ name: 'p' }] },
  'resources/list': { resources: [{ uri: 'a://b', name: 'b' }] },
  'resources/templates/list': { resourceTemplates: [] },
  ping: {},
};
createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method } = JSON.parse(line);
  if (id === undefined) return;
  const works = method === 'tools/list' && (asked += 1) > 1;
  const result = works ? { tools: [{ name: 't', inputSchema: { type: 'object' } }] } : results[method];
  const answer = result ? { result } : { error: { code: -32603, message: 'upstream of the tools cannot be reached' } };
  process.stdout.write(JSON.stringify({ jsonrpc: '2.0', id, ...answer }) + '\\n');
}).on('close', () => process.exit());
`;

it('a server whose tools/list fails keeps its prompts and resources, says why, and is asked again', async () => {
  const gateway = openGateway([inline('box/half', PROGRAM)]);
  const client = new StreamClient(gateway);
  await client.initialize();
  const items = async (method: string, member: string): Promise<unknown[]> =>
    (await client.request(method)).result?.[member] as unknown[];
  await expect.poll(() => items('prompts/list', 'prompts')).toHaveLength(1);
  expect(await items('resources/list', 'resources')).toHaveLength(1);
  const problems = () => reportHosts(gateway)[0]?.servers[0]?.problems.map(({ message }) => message);
  expect(problems()).toEqual([expect.stringContaining('tools/list failed: upstream of the tools cannot be reached')]);
  await expect.poll(() => items('tools/list', 'tools')).toHaveLength(1);
  expect([problems(), (await items('prompts/list', 'prompts')).length]).toEqual([[], 1]);
});

it('a server that never answers prompts/list, and fails at the second page of its tools, offers what it listed', async () => {
  const program = `
import { createInterface } from 'node:readline';
const tool = { name: 't', inputSchema: { type: 'object' } };
createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method, params } = JSON.parse(line);
  const results = {
    initialize: { protocolVersion: '2025-11-25', capabilities: { tools: {}, prompts: {}, experimental: null }, serverInfo: { name: 'x', version: '1' } },
    'tools/list': params?.cursor ? undefined : { tools: [tool], nextCursor: 'p2' },
    'tools/call': { content: [{ type: 'text', text: 'done' }] },
    ping: {},
  };
  if (id === undefined || method === 'prompts/list') return;
  const answer = results[method] ? { result: results[method] } : { error: { code: -1, message: 'boom' } };
  process.stdout.write(JSON.stringify({ jsonrpc: '2.0', id, ...answer }) + '\\n');
}).on('close', () => process.exit());
`;
  const gateway = openGateway([inline('box/silent', program, { timeoutMs: 600_000 })]);
  const client = new StreamClient(gateway);
  await client.initialize();
  expect(await client.text('box__silent__t')).toBe('done');
  expect(await client.names()).toEqual(['box__silent__t']);
  const problems = reportHosts(gateway)[0]?.servers[0]?.problems.map(({ message }) => message);
  expect(problems).toEqual([expect.stringContaining('capabilities.experimental')]);
});
