import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UriAliases } from '../../../src/catalog/alias.ts';
import { PIN_ARGUMENT, pinOf } from '../../../src/catalog/definition-edits.ts';
import type { Listing } from '../../../src/catalog/listing.ts';
import { buildSnapshot, type Snapshot, serverId } from '../../../src/catalog/snapshot.ts';
import type { PoolPlan, ServerPlan } from '../../../src/config/plan.ts';
import { joinPieces, splice } from '../../../src/protocol/splice.ts';
import { type Defined, listingOf, planOf, serverPlan, tool, toolsPlan } from './kit.ts';

const SERVERS = ['gpu1', 'gpu2', 'gpu3'].map((host) => serverPlan(host, 'render'));
const MEMBERS = SERVERS.map(serverId);
const other = serverPlan('nas', 'media');

function pool(more: Partial<PoolPlan> = {}): PoolPlan {
  return { name: 'render', members: MEMBERS, strategy: 'least-busy', pin: false, ...more };
}

interface Given {
  readonly servers?: readonly ServerPlan[];
  readonly pools?: readonly PoolPlan[];
  readonly maxLength?: number;
  readonly titles?: 'place' | 'keep';
}

/** @param defined by `host/server`; who is missing never spoke */
function snapshot(defined: Readonly<Record<string, Defined>>, given: Given = {}): Snapshot {
  const { servers = [...SERVERS, other], pools = [pool()], maxLength = 48, titles = 'keep' } = given;
  const plan = planOf(servers, { pools, naming: { maxLength, titles } });
  const listings = new Map<string, Listing>(Object.entries(defined).map(([id, each]) => [id, listingOf(each)]));
  return buildSnapshot(plan, new UriAliases(plan), (server) => listings.get(serverId(server)));
}

function names({ routes }: Snapshot): string[] {
  return [...routes.tools.keys()];
}

function members({ routes }: Snapshot, name: string): string[] {
  return (routes.tools.get(name)?.pool?.members ?? []).map(({ server }) => serverId(server));
}

function problems({ problems: found }: Snapshot): Record<string, string[]> {
  return Object.fromEntries([...found].map(([id, all]) => [id, all.map(({ message }) => message)]));
}

function definition({ routes }: Snapshot, name: string): unknown {
  return JSON.parse(routes.tools.get(name)?.definition.toString() ?? 'null');
}

const draw = { tools: [tool('draw'), tool('scale')] };

describe('the tools of a pool', () => {
  it('stand once, under its name, behind those of servers that are in none', () => {
    const found = snapshot({
      'gpu1/render': draw,
      'gpu2/render': draw,
      'gpu3/render': draw,
      'nas/media': { tools: [tool('play')] },
    });
    expect(names(found)).toEqual(['nas__media__play', 'render__draw', 'render__scale']);
    expect(members(found, 'render__draw')).toEqual(MEMBERS);
    expect(definition(found, 'render__draw')).toEqual(tool('render__draw'));
    expect(JSON.parse(found.json.tools.toString())).toHaveLength(3);
    expect(problems(found)).toEqual({});
  });

  it('are those of the members that have spoken, and each of them may have its own', () => {
    const found = snapshot({ 'gpu2/render': draw, 'gpu3/render': { tools: [tool('draw'), tool('blur')] } });
    expect(names(found)).toEqual(['render__draw', 'render__scale', 'render__blur']);
    expect(members(found, 'render__draw')).toEqual(['gpu2/render', 'gpu3/render']);
    expect(members(found, 'render__blur')).toEqual(['gpu3/render']);
  });

  it('do not depend on who spoke first: the same listings give the same bytes', () => {
    const all = { 'gpu1/render': draw, 'gpu2/render': { tools: [tool('scale'), tool('draw')] } };
    const turned = Object.fromEntries(Object.entries(all).toReversed());
    expect(snapshot(all).json.tools).toEqual(snapshot(turned).json.tools);
  });

  it('are offered by those who agree with most, and the others are told of it', () => {
    const changed = tool('draw', { description: 'another one' });
    const found = snapshot({
      'gpu1/render': { tools: [changed] },
      'gpu2/render': draw,
      'gpu3/render': draw,
    });
    expect(members(found, 'render__draw')).toEqual(['gpu2/render', 'gpu3/render']);
    expect(definition(found, 'render__draw')).toEqual(tool('render__draw'));
    expect(problems(found)).toEqual({
      'gpu1/render': [
        '"draw": its definition differs from that of 2 of the 3 members of pool render that have it; not offered there',
      ],
    });
  });

  it('follow the first member where opinions are even', () => {
    const found = snapshot({ 'gpu1/render': { tools: [tool('draw', { title: 'x' })] }, 'gpu2/render': draw });
    expect(members(found, 'render__draw')).toEqual(['gpu1/render']);
  });

  it('are the same whatever the order of members and white space of their definitions', () => {
    const found = snapshot({
      'gpu1/render': { tools: ['{"name":"draw","inputSchema":{"type":"object","title":"t"}}'] },
      'gpu2/render': { tools: ['{ "inputSchema": {"title":"t","type":"object"}, "name": "draw" }'] },
    });
    expect(members(found, 'render__draw')).toEqual(['gpu1/render', 'gpu2/render']);
  });

  it('keep what each member filters and renames, and its own words', () => {
    const servers = [
      serverPlan('gpu1', 'render', { tools: toolsPlan({ deny: ['scale'] }) }),
      serverPlan('gpu2', 'render', { tools: toolsPlan({ rename: new Map([['paint', 'draw']]) }) }),
    ];
    const found = snapshot(
      { 'gpu1/render': draw, 'gpu2/render': { tools: [tool('paint'), tool('scale')] } },
      { servers },
    );
    expect(members(found, 'render__draw')).toEqual(['gpu1/render', 'gpu2/render']);
    expect(found.routes.tools.get('render__draw')?.pool?.members.map(({ original }) => original)).toEqual([
      'draw',
      'paint',
    ]);
    expect(members(found, 'render__scale')).toEqual(['gpu2/render']);
  });

  it('leave out servers that are switched off', () => {
    const servers = [SERVERS[0], serverPlan('gpu2', 'render', { enabled: false })].filter((one) => one !== undefined);
    expect(members(snapshot({ 'gpu1/render': draw, 'gpu2/render': draw }, { servers }), 'render__draw')).toEqual([
      'gpu1/render',
    ]);
  });

  it('have legal names of limited length', () => {
    const long = 'x'.repeat(60);
    const found = snapshot({ 'gpu1/render': { tools: [tool(long), tool('a b')] } });
    for (const name of names(found)) expect(name).toMatch(/^render__[A-Za-z0-9_-]{1,40}$/);
    expect(problems(found)['gpu1/render']).toEqual([expect.stringMatching(/^"a b": its name is not legal/)]);
  });

  it('leave prompts and resources where they are', () => {
    const found = snapshot({
      'gpu1/render': { ...draw, prompts: [{ name: 'p' }], resources: [{ uri: 'a://b', name: 'b' }] },
    });
    expect([...found.routes.prompts.keys()]).toEqual(['gpu1__render__p']);
    expect([...found.routes.resources.keys()]).toEqual(['mcpa://gpu1/render/a://b']);
  });
});

describe('the argument that chooses a host', () => {
  const pinned = (...tools: (object | string)[]): Snapshot =>
    snapshot({ 'gpu1/render': { tools }, 'gpu2/render': { tools } }, { pools: [pool({ pin: true })] });
  const property = { type: 'string', enum: ['gpu1', 'gpu2'], description: expect.any(String) as unknown };

  it.each([
    ['{"type":"object"}', {}],
    ['{"type":"object","properties":{}}', {}],
    ['{"properties":{ } ,"type":"object"}', {}],
    ['{"type":"object","properties":{"big":{"const":12345678901234567890}}}', { big: { const: 12345678901234567890 } }],
  ])('is added to %s', (schema, properties) => {
    const found = pinned(`{"name":"draw","inputSchema":${schema}}`);
    expect(definition(found, 'render__draw')).toEqual({
      name: 'render__draw',
      inputSchema: { type: 'object', properties: { ...properties, [PIN_ARGUMENT]: property } },
    });
    expect(found.routes.tools.get('render__draw')?.pool?.isPinnable).toBe(true);
    expect(problems(found)).toEqual({});
  });

  it('leaves every other byte of the definition alone', () => {
    const schema = '{ "type" : "object", "properties":{"n":{"minimum":1.0,"x":12345678901234567890}} }';
    const found = pinned(`{"name":"draw","inputSchema":${schema}}`);
    const text = found.routes.tools.get('render__draw')?.definition.toString() ?? '';
    expect(text.replace(/"run_on":\{[^}]*\},/u, '')).toBe(`{"name":"render__draw","inputSchema":${schema}}`);
  });

  it('is not forced upon a tool that has one of that name', () => {
    const own = tool('draw', { inputSchema: { type: 'object', properties: { [PIN_ARGUMENT]: { type: 'number' } } } });
    const found = pinned(own);
    expect(definition(found, 'render__draw')).toEqual({ ...own, name: 'render__draw' });
    expect(found.routes.tools.get('render__draw')?.pool?.isPinnable).toBe(false);
    expect(problems(found)['gpu1/render']).toEqual([expect.stringContaining('argument run_on of its own')]);
  });

  it('is taken out of a call, and nothing else', () => {
    const argument = fc.tuple(fc.string(), fc.jsonValue());
    fc.assert(
      fc.property(fc.array(argument), fc.array(argument), fc.constantFrom('', ' ', '\n\t'), (before, after, space) => {
        const others = [...before, ...after].filter(([key]) => key !== PIN_ARGUMENT);
        const all = [...before, [PIN_ARGUMENT, 'gpu2'] as const, ...after].filter(
          ([key, value]) => key !== PIN_ARGUMENT || value === 'gpu2',
        );
        const written = (pairs: readonly (readonly [string, unknown])[]): string =>
          `{${pairs.map(([key, value]) => `${space}${JSON.stringify(key)}:${space}${JSON.stringify(value)}${space}`).join(',')}}`;
        const bytes = Buffer.from(written(all));
        const pin = pinOf(bytes, { start: 0, end: bytes.length });
        expect(pin?.host).toBe('gpu2');
        const rest = joinPieces(splice(bytes, pin === undefined ? [] : [pin.edit])).toString();
        expect(JSON.parse(rest)).toEqual(JSON.parse(written(others)));
      }),
    );
  });

  it.each<[string, { readonly host?: string } | undefined]>([
    ['{}', undefined],
    ['{"run_on":""}', {}],
    ['{"run_on":null}', {}],
    ['{"run_on":7}', {}],
    ['{"run\\u005fon":"gpu1"}', { host: 'gpu1' }],
  ])('reads %s', (text, expected) => {
    const bytes = Buffer.from(text);
    const pin = pinOf(bytes, { start: 0, end: bytes.length });
    expect(pin?.host).toBe(expected?.host);
    expect(pin === undefined).toBe(expected === undefined);
    if (pin !== undefined) expect(joinPieces(splice(bytes, [pin.edit])).toString()).toBe('{}');
  });
});
