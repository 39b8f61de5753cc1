import { describe, expect, it } from 'vitest';
import { UriAliases } from '../../../src/catalog/alias.ts';
import type { Listing } from '../../../src/catalog/listing.ts';
import { buildSnapshot, type Snapshot, serverId } from '../../../src/catalog/snapshot.ts';
import type { ServerPlan } from '../../../src/config/plan.ts';
import { type Defined, listingOf, planOf, serverPlan, tool, toolsPlan } from './kit.ts';

function snapshot(
  servers: readonly (readonly [ServerPlan, Defined | undefined])[],
  titles: 'place' | 'keep' = 'keep',
): Snapshot {
  const plan = planOf(
    servers.map(([server]) => server),
    { naming: { maxLength: 48, titles } },
  );
  const listings = new Map<ServerPlan, Listing>();
  for (const [server, defined] of servers) if (defined !== undefined) listings.set(server, listingOf(defined));
  return buildSnapshot(plan, new UriAliases(plan), (server) => listings.get(server));
}

const names = ({ json }: Snapshot, member: 'tools' | 'prompts' = 'tools'): string[] =>
  (JSON.parse(json[member].toString()) as { name: string }[]).map(({ name }) => name);

const complaints = (built: Snapshot, id: string): string[] =>
  (built.problems.get(id) ?? []).map(({ message }) => message);

const a = serverPlan('one', 'a');
const b = serverPlan('two', 'b');

describe('buildSnapshot', () => {
  it('merges in the order of the hosts file and of each server, whoever listed first', () => {
    const built = snapshot([
      [b, { tools: [tool('z'), tool('y')] }],
      [a, { tools: [tool('y')] }],
    ]);
    expect(names(built)).toEqual(['two__b__z', 'two__b__y', 'one__a__y']);
  });

  it('names tools and prompts by the short names of the hosts file', () => {
    const short = serverPlan('prod-web-eu-west-1', 'filesystem', { namedAs: ['pw1', 'fs'] });
    const built = snapshot([[short, { tools: [tool('read')], prompts: [{ name: 'p' }] }]]);
    expect([...names(built), ...names(built, 'prompts')]).toEqual(['pw1__fs__read', 'pw1__fs__p']);
  });

  it('gives the same bytes for the same inputs', () => {
    const inputs = (): Snapshot =>
      snapshot([
        [a, { tools: [tool('x'), tool('y z')], resources: [{ uri: 'u:1', name: 'n' }] }],
        [b, { prompts: [{ name: 'p' }] }],
      ]);
    expect(Object.values(inputs().json).map(String)).toEqual(Object.values(inputs().json).map(String));
  });

  it('changes only the name of a definition', () => {
    const text =
      '{ "x" : 1.0, "name" : "t\\u0061" ,"inputSchema":{"type":"object","properties":{"name":{"const":"ta"}}},"big":12345678901234567890 }';
    expect(snapshot([[a, { tools: [text] }]]).json.tools.toString()).toBe(
      `[${text.replace('"t\\u0061"', '"one__a__ta"')}]`,
    );
  });

  it("leads from each public name to the server's own words", () => {
    const built = snapshot([
      [
        a,
        {
          tools: [tool('é"')],
          resources: [{ uri: 'u:1', name: 'n' }],
          resourceTemplates: [{ uriTemplate: 'u:{x}', name: 'n' }],
        },
      ],
      [b, {}],
    ]);
    const [route] = built.routes.tools.values();
    expect(route).toMatchObject({ server: a, original: 'é"', originalJson: '"é\\""' });
    expect([...built.routes.resources.keys(), ...built.routes.resourceTemplates.keys()]).toEqual([
      'mcpa://one/a/u:1',
      'mcpa://one/a/u:{x}',
    ]);
  });

  it('leaves URIs alone with a single server', () => {
    expect(snapshot([[a, { resources: [{ uri: 'u:1', name: 'n' }] }]]).json.resources.toString()).toBe(
      '[{"uri":"u:1","name":"n"}]',
    );
  });

  it('does not offer a server that is disabled or has never listed', () => {
    const built = snapshot([
      [{ ...a, enabled: false }, { tools: [tool('x')] }],
      [b, undefined],
    ]);
    expect([built.json.tools.toString(), built.routes.tools.size]).toEqual(['[]', 0]);
  });

  it('filters and renames tools, and tools alone', () => {
    const tools = toolsPlan({
      allow: ['read_*', 'list'],
      deny: ['read_secret'],
      rename: new Map([['read_file', 'read']]),
    });
    const built = snapshot([
      [
        serverPlan('one', 'a', { tools }),
        {
          tools: ['read_file', 'read_secret', 'write', 'list'].map((name) => tool(name)),
          prompts: [{ name: 'write' }],
        },
      ],
    ]);
    expect([names(built), names(built, 'prompts')]).toEqual([['one__a__read', 'one__a__list'], ['one__a__write']]);
    expect(built.routes.tools.get('one__a__read')?.original).toBe('read_file');
    expect(built.routes.tools.has('one__a__read_file')).toBe(false);
  });

  it('withholds the second tool of a public name, and says whose it is', () => {
    const tools = toolsPlan({ rename: new Map([['x', 'y']]) });
    const built = snapshot([[serverPlan('one', 'a', { tools }), { tools: [tool('x'), tool('y')] }]]);
    expect([built.routes.tools.size, built.routes.tools.get('one__a__y')?.original]).toEqual([1, 'x']);
    expect(complaints(built, 'one/a')).toEqual(['"y": withheld: its public name one__a__y is already that of one/a x']);
  });

  it('offers illegal names under legal ones and says so; long ones silently', () => {
    const built = snapshot([[a, { tools: [tool('with space'), tool('l'.repeat(80))] }]]);
    for (const name of names(built)) expect(name).toMatch(/^[A-Za-z0-9_-]{1,48}$/);
    expect(complaints(built, 'one/a')).toEqual([
      expect.stringMatching(
        /^"with space": its name is not legal for AI clients; offered as one__a__with_space_[0-9a-z]{5}$/,
      ),
    ]);
  });

  it('reports what a listing could not offer on its own server', () => {
    const built = snapshot([
      [a, { tools: [{ name: 'bad', inputSchema: 5 }, tool('good')] }],
      [b, { tools: [tool('fine')] }],
    ]);
    expect([names(built), [...built.problems.keys()]]).toEqual([['one__a__good', 'two__b__fine'], ['one/a']]);
    expect(built.problems.get('one/a')?.[0]).toMatchObject({
      code: 'SERVER_PROTOCOL',
      host: 'one',
      server: 'a',
      tool: 'bad',
    });
  });

  it('names servers by host and server', () => {
    expect(serverId(a)).toBe('one/a');
  });
});
