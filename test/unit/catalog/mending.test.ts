import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js';
import { describe, expect, it } from 'vitest';
import { listingOf, tool } from './kit.ts';

const schema = (text: string): string => `{ "big":12345678901234567890,"name":"t", "inputSchema":${text} ,"x":1.0}`;
const output = (text: string): string => `{"name":"t","inputSchema":{"type":"object"},"outputSchema":${text},"x":1.0}`;

/** Keywords of an outputSchema on which the official client throws for the whole list. */
const BROKEN = [
  '"pattern":"("',
  '"pattern":"(?i)x"',
  '"patternProperties":{"(":{"type":"string"}}',
  '"type":"text"',
  '"type":null',
  '"type":["string","text"]',
  '"enum":[]',
  '"enum":"x"',
  '"minimum":"5"',
  '"exclusiveMinimum":true',
  '"maxLength":null',
  '"uniqueItems":"x"',
  '"format":5',
  '"required":"x"',
  '"additionalProperties":null',
  '"allOf":{}',
  '"anyOf":[null]',
  '"not":null',
  '"items":5',
  '"items":[null]',
  '"properties":{"b":null}',
  '"dependencies":{"b":null}',
  '"nullable":true',
  '"type":"null","nullable":false',
  '"id":"x"',
  '"$ref":5',
  '"$id":"http://json-schema.org/draft-07/schema"',
  '"$anchor":"1 x"',
  '"formatMinimum":"x"',
];

/** Keywords that clients take. */
const SOUND = [
  '"pattern":"^\\\\d+$","minLength":0',
  '"type":["string","null"],"nullable":true',
  '"enum":[null,{"type":"nope"}],"const":{"minimum":"5"},"default":{"pattern":"("}',
  '"items":[{},true],"additionalItems":false,"prefixItems":[]',
  '"dependencies":{"b":["c"],"d":{}}',
  '"if":true,"then":{},"else":false,"x-custom":{"type":"nope"}',
  '"properties":{"$id":{"type":"string"},"id":{},"enum":{},"constructor":{}}',
  '"$schema":"https://json-schema.org/draft/2020-12/schema","unevaluatedProperties":false',
  '"format":"date","formatMinimum":"2020-01-01","type":"string"',
];

describe('a definition that clients would refuse', () => {
  it.each([
    [schema('{}'), schema('{"type":"object"}'), 'the type of its inputSchema is missing'],
    [
      schema('{ "properties":{"n":{"maximum":1e400}}}'),
      schema('{"type":"object", "properties":{"n":{"maximum":1e400}}}'),
      'the type of its inputSchema is missing',
    ],
    [
      schema('{"type":"object","properties":{"a" : true,"b":{"x":true},"c":false}}'),
      schema('{"type":"object","properties":{"a" : {},"b":{"x":true},"c":{"not":{}}}}'),
      'inputSchema.properties.a is not an object',
    ],
    [schema('true'), schema('{"type":"object"}'), 'its inputSchema is not an object'],
    [schema('false'), schema('{"type":"object","not":{}}'), 'its inputSchema is not an object'],
    [schema('[]'), schema('{"type":"object"}'), 'its inputSchema is not an object'],
    [schema('{"type":["object","null"]}'), schema('{"type":"object"}'), 'the type of its inputSchema'],
    [
      schema('{"type":"object","properties":[],"required":null}'),
      schema('{"type":"object","properties":{},"required":[]}'),
      'inputSchema.properties is not an object',
    ],
    [
      output('{"$id":"x","properties":{"a":true}}'),
      output('{"type":"object","properties":{"a":{}}}'),
      'its outputSchema has an $id',
    ],
    [output('{"type":"object", "$id":5}'), output('{"type":"object"}'), 'its outputSchema has an $id'],
    ['{"name":"t","x":1.0}', '{"inputSchema":{"type":"object"},"name":"t","x":1.0}', 'its inputSchema is missing'],
    [output('{"properties":{"a":true}}'), output('{"type":"object","properties":{"a":{}}}'), 'outputSchema is missing'],
    [
      '{"name":"t","title":null,"inputSchema":{"type":"object"},"annotations":{"readOnlyHint":null}}',
      '{"name":"t","inputSchema":{"type":"object"},"annotations":{}}',
      'its title is null',
    ],
  ])('%s is mended, and nothing else of it is touched', (written, offered, why) => {
    const { items, problems } = listingOf({ tools: [written] });
    expect(items.tools.map(({ bytes }) => bytes.toString())).toEqual([offered]);
    expect(problems[0]).toMatchObject({ collection: 'tools', item: 't' });
    expect(problems[0]?.reason).toMatch(/^mended: /);
    expect(problems[0]?.reason).toContain(why);
  });

  it.each([
    '{"type":"array","items":{}}',
    '"text"',
    '{"type":"object","properties":{"a":null}}',
    '{"type":"object","properties":{"a":{"$ref":"https://x/y"}}}',
    '{"type":"object","properties":{"a":{"$ref":"#/$defs/none"}}}',
    ...BROKEN.map((keyword) => `{"type":"object","properties":{"a":{${keyword}}}}`),
    ...BROKEN.filter((keyword) => !/nullable|type|\$/u.test(keyword)).map((keyword) => `{"type":"object",${keyword}}`),
  ])('stays without the outputSchema %s', (text) => {
    const { items, problems } = listingOf({ tools: [output(text)] });
    expect(items.tools.map(({ bytes }) => bytes.toString())).toEqual([
      '{"name":"t","inputSchema":{"type":"object"},"x":1.0}',
    ]);
    expect(problems[0]?.reason).toMatch(/^offered without its outputSchema: /);
  });

  it.each([
    '"object"',
    '{"type":"array"}',
    '{"type":"object","required":[1]}',
    '{"type":"object","properties":{"a":5}}',
  ])('is withheld where nothing else helps: inputSchema %s', (text) => {
    const { items, problems } = listingOf({ tools: [schema(text), tool('good')] });
    expect(items.tools.map(({ key }) => key)).toEqual(['good']);
    expect(problems.map(({ reason }) => reason)).toEqual([expect.stringMatching(/^withheld: /)]);
  });

  it("costs the official client's typed listTools nothing any more", async () => {
    const written = [
      { name: 'none' },
      { name: 'any', inputSchema: { type: 'object', properties: { a: true, b: false } } },
      { name: 'untyped', inputSchema: {}, outputSchema: { properties: { a: true } } },
      tool('array', { outputSchema: { type: 'array' } }),
      tool('remote', { outputSchema: { type: 'object', properties: { a: { $ref: 'https://x/y' } } } }),
      tool('lost', { outputSchema: { type: 'object', properties: { a: { $ref: '#/$defs/a' } } } }),
      tool('good'),
    ];
    await expect(typedNames(written)).rejects.toThrow();
    for (const keyword of BROKEN) await expect(typedNames([nested(keyword)]), keyword).rejects.toThrow();
    for (const keyword of SOUND) {
      const { items, problems } = listingOf({ tools: [nested(keyword)] });
      expect(problems, keyword).toEqual([]);
      expect(await typedNames(items.tools.map(({ bytes }) => JSON.parse(bytes.toString()) as object))).toEqual(['t']);
    }
    const tools = listingOf({ tools: written }).items.tools.map(({ bytes }) => JSON.parse(bytes.toString()) as object);
    expect(await typedNames(tools)).toEqual(['none', 'any', 'untyped', 'array', 'remote', 'lost', 'good']);
  });
});

function nested(keyword: string): object {
  return JSON.parse(output(`{"type":"object","properties":{"a":{${keyword}}}}`)) as object;
}

/** What the official client makes of a list. */
async function typedNames(tools: readonly object[]): Promise<string[]> {
  const [near, far] = InMemoryTransport.createLinkedPair();
  far.onmessage = (message) => {
    if (!('id' in message) || !('method' in message)) return;
    const hello = {
      protocolVersion: '2025-11-25',
      capabilities: { tools: {} },
      serverInfo: { name: 's', version: '1' },
    };
    const result = message.method === 'initialize' ? hello : { tools };
    far.send({ jsonrpc: '2.0', id: message.id, result }).catch((error: unknown) => {
      throw error;
    });
  };
  const client = new Client({ name: 'c', version: '1' });
  await client.connect(near);
  try {
    return (await client.listTools()).tools.map(({ name }) => name);
  } finally {
    await client.close();
  }
}
