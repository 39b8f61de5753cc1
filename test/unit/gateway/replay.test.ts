/** What a client asked for is asked of the server's next process too. */
import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { killAll, type ProcessInfo, withVariable } from '../../harness/processes.ts';
import { until } from '../../harness/until.ts';
import { proves } from '../../requirements.ts';
import { connected, inline, openGateway, StreamClient, server } from './kit.ts';

const MARK = randomUUID();
const FULL = server('box/full', './full.mjs', { env: new Map([['MCPA_TEST_FULL', { pieces: [MARK] }]]) });

/** The server's own process, not its launcher. */
function running(): ProcessInfo[] {
  return withVariable('MCPA_TEST_FULL', MARK).filter(({ commandLine }) => commandLine.startsWith(process.execPath));
}

describe('after a crash', () => {
  it(proves('capabilities, log level and subscriptions are said again, without a call', 'subscriptions'), async () => {
    const { client, gateway } = await connected([FULL], ['box__full__say'], {}, { roots: {}, 'x-own': 1.5 });
    await client.request('logging/setLevel', { level: 'error' });
    await client.request('resources/subscribe', { uri: 'test://a' });
    const [unit] = gateway.units;
    const before = unit?.current(client.door.session);
    const hello = await client.text('box__full__hello');
    expect(running()).toHaveLength(1);
    killAll(running());
    await until(() => unit?.current(client.door.session) !== before && unit?.state.ready === 1, {
      withinMs: 15_000,
      what: 'another process',
    });
    const seen = await until(
      async () => {
        const all = JSON.parse(await client.text('box__full__seen')) as { method: string; uri?: string }[];
        return all.some(({ method }) => method === 'subscribe') && all;
      },
      { withinMs: 10_000 },
    );
    expect(seen.filter(({ method }) => method === 'subscribe').map(({ uri }) => uri)).toEqual(['test://a']);
    expect(await client.text('box__full__level')).toBe('error');
    expect(await client.text('box__full__hello')).toBe(hello);
    expect(client.received.some(({ method }) => method === 'notifications/tools/list_changed')).toBe(false);
  });
});

it('a server whose first listing failed is asked again while it is up', async () => {
  const program = `
    let asked = 0;
    const say = (message) => process.stdout.write(JSON.stringify({ jsonrpc: '2.0', ...message }) + '\\n');
    let rest = '';
    process.stdin.on('data', (chunk) => {
      const lines = (rest + chunk).split('\\n');
      rest = lines.pop();
      for (const { id, method } of lines.map((line) => JSON.parse(line)))
        if (method === 'initialize')
          say({ id, result: { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name: 's', version: '1' } } });
        else if (method === 'tools/list')
          if ((asked += 1) === 1) say({ id, error: { code: -32603, message: 'warming up' } });
          else say({ id, result: { tools: [{ name: 'late', inputSchema: { type: 'object' } }] } });
    });
    process.stdin.on('end', () => process.exit(0));`;
  const gateway = openGateway([inline('box/warm', program)]);
  const client = new StreamClient(gateway);
  await client.initialize();
  expect(await client.names()).toEqual([]);
  await client.waitFor(({ method }) => method === 'notifications/tools/list_changed');
  expect(await client.names()).toEqual(['box__warm__late']);
});
