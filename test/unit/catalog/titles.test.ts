import { describe, expect, it } from 'vitest';
import { UriAliases } from '../../../src/catalog/alias.ts';
import { buildSnapshot, serverId } from '../../../src/catalog/snapshot.ts';
import type { Plan, ServerPlan } from '../../../src/config/plan.ts';
import { type Defined, listingOf, planOf, serverPlan, tool, toolsPlan } from './kit.ts';

const files = serverPlan('gpu1', 'files');
const other = serverPlan('nas', 'files');

/** What clients read of the first server's items. */
function offered(
  defined: Defined,
  servers: readonly ServerPlan[] = [files, other],
  more: Partial<Plan> = {},
): string[] {
  const plan = planOf(servers, more);
  const listing = listingOf(defined);
  const { json } = buildSnapshot(plan, new UriAliases(plan), (server) => (server === servers[0] ? listing : undefined));
  return Object.values(json).flatMap((list) => {
    const text = list.toString().slice(1, -1);
    return text === '' ? [] : [text];
  });
}

describe('titles', () => {
  it('say where a tool runs, in both places, and every other byte stays', () => {
    const text =
      '{ "title" : "Cr\\u00e9er \\"x\\"", "name":"t","n":1.0,"inputSchema":{"type":"object","title":"In"},"annotations":{"title":"Create Directory"} }';
    expect(offered({ tools: [text] })).toEqual([
      text
        .replace('\\"x\\""', '\\"x\\" · gpu1/files"')
        .replace('"t"', '"gpu1__files__t"')
        .replace('Directory"', 'Directory · gpu1/files"'),
    ]);
  });

  it.each([
    [tool('make_dir'), 'make_dir · gpu1/files'],
    [tool('make_dir', { title: '' }), 'make_dir · gpu1/files'],
    [tool('make_dir', { annotations: { title: 'Make' } }), 'Make · gpu1/files'],
    [tool('renamed'), 'better · gpu1/files'],
  ])('of %j is %s', (definition, title) => {
    const server = serverPlan('gpu1', 'files', { tools: toolsPlan({ rename: new Map([['renamed', 'better']]) }) });
    expect(JSON.parse(offered({ tools: [definition] }, [server, other])[0] ?? '')).toMatchObject({ title });
  });

  it('of prompts, resources and templates say it too', () => {
    const titles = offered({
      prompts: [{ name: 'p' }],
      resources: [{ uri: 'u:1', name: 'r' }],
      resourceTemplates: [{ uriTemplate: 'u:{x}', name: 'n', title: 'T' }],
    }).map((text) => (JSON.parse(text) as { title: string }).title);
    expect(titles).toEqual(['p · gpu1/files', 'r · gpu1/files', 'T · gpu1/files']);
  });

  it("say a pool's name where a pool offers the tool", () => {
    const pools = [
      { name: 'all', members: [serverId(files), serverId(other)], strategy: 'sticky', pin: false } as const,
    ];
    expect(
      JSON.parse(offered({ tools: [tool('t', { title: 'T' })] }, [files, other], { pools })[0] ?? ''),
    ).toMatchObject({
      name: 'all__t',
      title: 'T · all',
    });
  });

  it('stay as they are with one server, and with `titles: keep`', () => {
    const text = '{"name":"p","title":"P"}';
    expect(offered({ prompts: [text] }, [files])).toEqual([text.replace('"p"', '"gpu1__files__p"')]);
    const naming = { maxLength: 48, titles: 'keep' } as const;
    expect(offered({ prompts: [text] }, [files, other], { naming })).toEqual([text.replace('"p"', '"gpu1__files__p"')]);
  });
});
