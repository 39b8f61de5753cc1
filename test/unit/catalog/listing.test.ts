import { describe, expect, it } from 'vitest';
import { profileOf, readItems, sameItems } from '../../../src/catalog/listing.ts';
import { COLLECTIONS, type CollectionName } from '../../../src/protocol/methods.ts';
import { tool } from './kit.ts';

function read(name: CollectionName, definitions: readonly (object | string)[]): ReturnType<typeof readItems> {
  const collection = COLLECTIONS.find((one) => one.name === name);
  if (collection === undefined) throw new Error(name);
  return readItems(
    collection,
    definitions.map((item) => Buffer.from(typeof item === 'string' ? item : JSON.stringify(item))),
  );
}

describe('readItems', () => {
  it('keeps good definitions byte for byte and says why others are withheld', () => {
    const odd = '{ "inputSchema" : {"type":"object"}, "name" : "o\\u0064d", "x":1.0 }';
    const { items, problems } = read('tools', [
      odd,
      tool('twice'),
      tool('twice', { description: 'second' }),
      tool('bad', { inputSchema: 5 }),
      {},
      'null',
      '"text"',
      tool(''),
    ]);
    expect(items.map(({ key, bytes }) => [key, bytes.toString()])).toEqual([
      ['odd', odd],
      ['twice', JSON.stringify(tool('twice'))],
    ]);
    expect(problems.map(({ item, reason }) => `${item}: ${reason}`)).toEqual([
      'twice: withheld: listed twice; the first one is offered',
      'bad: withheld: its inputSchema is not an object',
      ...Array.from({ length: 4 }, () => '(no name): withheld: its name is missing or empty'),
    ]);
  });

  it.each([
    '"annotations":{"readOnlyHint":true,"readOnlyHint":false}',
    '"annotations":{"readOnlyHint":true,"ReadOnlyHint":false}',
    '"_meta":{"ui":{"resourceUri":"ui://a","resourceUri":"ui://b"}}',
    '"_Meta":{"ui":{"resourceUri":"ui://a"}}',
  ])('withholds a definition that clients would read in different ways: %s', (member) => {
    const { items, problems } = read('tools', [`{"name":"t","inputSchema":{"type":"object"},${member}}`]);
    expect(items).toEqual([]);
    expect(problems).toMatchObject([{ item: 't', reason: expect.stringContaining('twice') as unknown }]);
  });

  it('takes the same definition again without a word, as a server that ignores cursors gives it', () => {
    const { items, problems } = read('tools', [tool('a'), tool('a'), tool('b')]);
    expect([items.map(({ key }) => key), problems]).toEqual([['a', 'b'], []]);
  });

  it('knows where the key stands, quotes included', () => {
    const { items } = read('resources', ['{"name":"n","uri" : "file:\\/\\/\\/x"}']);
    const [item] = items;
    expect(item?.key).toBe('file:///x');
    expect(item?.bytes.toString('utf8', item.keySpan.start, item.keySpan.end)).toBe('"file:\\/\\/\\/x"');
  });

  it('asks each collection for its own key', () => {
    expect(read('resourceTemplates', [{ uriTemplate: 'a{b}', name: 'n' }]).items.map(({ key }) => key)).toEqual([
      'a{b}',
    ]);
    expect(read('resources', [{ name: 'no uri' }]).problems).toMatchObject([
      { reason: 'withheld: its uri is missing or empty' },
    ]);
    expect(read('prompts', [{ name: 'p' }]).items).toHaveLength(1);
  });
});

it('sameItems looks at bytes and order', () => {
  const items = (...names: string[]): ReturnType<typeof readItems>['items'] =>
    read(
      'tools',
      names.map((name) => tool(name)),
    ).items;
  expect(sameItems(items('a', 'b'), items('a', 'b'))).toBe(true);
  expect(sameItems(items('a', 'b'), items('b', 'a'))).toBe(false);
  expect(sameItems(items('a'), items('a', 'b'))).toBe(false);
});

it('profileOf names capabilities, in whatever order they came', () => {
  expect(profileOf({ sampling: {}, roots: { listChanged: true }, 'x-new': 1 })).toBe('roots,sampling,x-new');
  expect(profileOf({})).toBe('');
});
