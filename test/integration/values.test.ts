/** Values arrive through the gateway, over SSH and with two machines in the hosts file, as they were written. */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { VALUES, withUris } from '../fixtures/servers/value-texts.mjs';
import { fixture, writeHostsFile } from '../harness/hosts-file.ts';
import { initialize, startServe } from '../harness/program.ts';
import type { RawClient } from '../harness/raw-client.ts';
import { type Sshd, startSshd } from '../harness/sshd.ts';
import { offers } from '../harness/tools.ts';
import { proves } from '../requirements.ts';

let sshd: Sshd;
beforeAll(async () => {
  sshd = await startSshd();
});
afterAll(() => sshd.stop());

async function twoHosts(): Promise<RawClient> {
  const host = { sshd, servers: { values: fixture(sshd, 'values.mjs') } };
  const { client } = startServe(writeHostsFile({ one: host, two: host }).path);
  await initialize(client);
  await offers(client, ['one__values__value', 'two__values__value']);
  return client;
}

async function resultLine(client: RawClient, tool: string, args: object = {}): Promise<string> {
  client.send(
    JSON.stringify({
      jsonrpc: '2.0',
      id: 'the id',
      method: 'tools/call',
      params: { name: `two__values__${tool}`, arguments: args },
    }),
  );
  return (await client.reply('the id', 25_000)).line;
}

const envelope = (result: string): string => `{"jsonrpc":"2.0","id":"the id","result":${result}}`;

/** No control byte leaves us: a tab between tokens, which means nothing, becomes a space. */
const withSpaces = (value: string): string => value.replaceAll('\t', ' ');

/** Without printing 30 MB where they differ. */
function expectSame(line: string, expected: string): void {
  let at = 0;
  while (at < line.length && line[at] === expected[at]) at += 1;
  expect({ length: line.length, from: line.slice(Math.max(0, at - 40), at + 80) }).toEqual({
    length: expected.length,
    from: expected.slice(Math.max(0, at - 40), at + 80),
  });
}

describe('the bytes of a result', () => {
  it.each(Object.keys(VALUES))(proves('are those the server wrote: %s', 'values', 'verbatim'), async (of) => {
    const client = await twoHosts();
    expectSame(await resultLine(client, 'value', { of }), envelope(withSpaces(VALUES[of] ?? '')));
  });

  it(proves('are those the server wrote but for the URIs it names', 'values', 'result-uris'), async () => {
    const client = await twoHosts();
    expectSame(
      await resultLine(client, 'uris'),
      envelope(withUris('mcpa://two/values/test://a', 'mcpa://two/values/test://b')),
    );
  });
});

describe('the bytes of a request', () => {
  it.each(Object.keys(VALUES))(proves('are those the client wrote: %s', 'values', 'verbatim'), async (of) => {
    const client = await twoHosts();
    const tail = `"arguments":${VALUES[of] ?? ''}}}`;
    client.send(`{"jsonrpc":"2.0","id":"the id","method":"tools/call","params":{"name":"two__values__hash",${tail}`);
    expect((await client.reply('the id', 25_000)).line).toContain(
      createHash('sha256').update(withSpaces(tail)).digest('hex'),
    );
  });
});
