/** Each side speaks its own version of MCP: a client with us, and we with each server. */
import { expect, it } from 'vitest';
import { PROTOCOL_VERSIONS } from '../../../src/protocol/methods.ts';
import { proves } from '../../requirements.ts';
import { connected, inline, openGateway, StreamClient } from './kit.ts';

/** Speaks one version only, and tells which it was asked for. */
const speaking = (version: string): string => `
import { createInterface } from 'node:readline';
let asked;
createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method, params } = JSON.parse(line);
  asked ??= params.protocolVersion;
  const results = {
    initialize: { protocolVersion: '${version}', capabilities: { tools: {} }, serverInfo: { name: 'v', version: '1' } },
    'tools/list': { tools: [{ name: 'asked', inputSchema: { type: 'object' } }] },
    'tools/call': { content: [{ type: 'text', text: asked }] },
  };
  if (id !== undefined) process.stdout.write(JSON.stringify({ jsonrpc: '2.0', id, result: results[method] }) + '\\n');
}).on('close', () => process.exit(0));
`;

const SERVERS = PROTOCOL_VERSIONS.map((version) => inline(`box/v${version.replaceAll('-', '')}`, speaking(version)));
const TOOLS = SERVERS.map(({ name }) => `box__${name}__asked`);

it.each(PROTOCOL_VERSIONS)(
  proves('a client of %s works with servers of every version', 'versions'),
  async (version) => {
    const client = new StreamClient(openGateway(SERVERS));
    expect((await client.initialize({}, version)).result?.['protocolVersion']).toBe(version);
    await client.offers(...TOOLS);
    expect(await Promise.all(TOOLS.map((tool) => client.text(tool)))).toEqual(TOOLS.map(() => version));
  },
);

it(proves('a server of a version nobody knows fails alone, and says why', 'versions', 'isolation'), async () => {
  const { client } = await connected(
    [inline('box/future', speaking('2099-01-01')), ...SERVERS.slice(0, 1)],
    TOOLS.slice(0, 1),
  );
  const { result } = await client.call('box__future__asked');
  expect(result?.['isError']).toBe(true);
  expect(JSON.stringify(result)).toContain('2099-01-01');
});
