import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ListingCache } from '../../../src/catalog/cache.ts';
import { Catalog } from '../../../src/catalog/catalog.ts';
import { MergedLists } from '../../../src/downstream/merged-lists.ts';
import { COLLECTIONS, type CollectionName } from '../../../src/protocol/methods.ts';
import { scratch } from '../../harness/scratch.ts';
import { proves } from '../../requirements.ts';
import { bytesOf, type Defined, planOf, serverPlan, tool } from '../catalog/kit.ts';
import { parsed } from '../protocol/kit.ts';
import { peerKit } from '../protocol/peer-kit.ts';

function listsKit() {
  const client = peerKit();
  const server = serverPlan('box', 'files');
  const catalog = new Catalog(planOf([server]), new ListingCache(join(scratch(), 'c'), () => undefined), client.clock);
  const lists = new MergedLists({
    catalog,
    clock: client.clock,
    peer: client.peer,
    profile: () => undefined,
    firstListReady: () => Promise.resolve(),
  });
  const accept = (defined: Defined): void => {
    catalog.accept(server, bytesOf(defined), '', { instructions: undefined, capabilities: {}, problems: [] });
  };
  const ask = async (name: CollectionName): Promise<void> => {
    const collection = COLLECTIONS.find((one) => one.name === name);
    if (collection !== undefined)
      await lists.answer(
        parsed(`{"jsonrpc":"2.0","id":1,"method":"${collection.method}"}`),
        collection,
        new AbortController().signal,
      );
  };
  const told = async (): Promise<(string | undefined)[]> =>
    (await client.sent())
      .map((message) => (message as { method?: string }).method)
      .filter((method) => method !== undefined);
  return { ...client, lists, accept, ask, told };
}

describe('a client', () => {
  it(proves('is told once of changes that come together', 'list-changed'), async () => {
    const { clock, accept, ask, told } = listsKit();
    await ask('tools');
    for (const name of ['a', 'b', 'c']) {
      accept({ tools: [tool(name)] });
      clock.advance(30);
    }
    expect(await told()).toEqual([]);
    clock.advance(100);
    expect(await told()).toEqual(['notifications/tools/list_changed']);
  });

  it('is not told of a list it has not seen, or not since it was told', async () => {
    const { clock, accept, ask, told } = listsKit();
    await ask('prompts');
    for (const name of ['a', 'b']) {
      accept({ tools: [tool(name)], prompts: [{ name }] });
      clock.advance(100);
    }
    expect(await told()).toEqual(['notifications/prompts/list_changed']);
    await ask('prompts');
    accept({ prompts: [] });
    clock.advance(100);
    expect(await told()).toHaveLength(2);
  });

  it('is not told of what went back to what it has', async () => {
    const { clock, accept, ask, told } = listsKit();
    accept({ tools: [tool('a')] });
    await ask('tools');
    accept({ tools: [] });
    accept({ tools: [tool('a')] });
    clock.advance(100);
    expect(await told()).toEqual([]);
  });

  it('is told of resources and templates with one word', async () => {
    const { clock, accept, ask, told } = listsKit();
    await ask('resources');
    await ask('resourceTemplates');
    accept({ resources: [{ uri: 'u:1', name: 'r' }], resourceTemplates: [{ uriTemplate: 'u:{x}', name: 't' }] });
    clock.advance(100);
    expect(await told()).toEqual(['notifications/resources/list_changed']);
  });

  it('that left is told nothing, and no timer is left', async () => {
    const { clock, accept, ask, told, lists } = listsKit();
    await ask('tools');
    accept({ tools: [tool('a')] });
    lists.close();
    accept({ tools: [tool('b')] });
    expect(clock.pending).toBe(0);
    clock.advance(100);
    expect(await told()).toEqual([]);
  });
});
