import { describe, expect, it } from 'vitest';
import { definitionUriEdits, resultUriEdits, UriAliases } from '../../../src/catalog/alias.ts';
import { joinPieces, splice } from '../../../src/protocol/splice.ts';
import { proves } from '../../requirements.ts';
import { parsed } from '../protocol/kit.ts';
import { planOf, serverPlan } from './kit.ts';

const server = serverPlan('box', 'files');
const aliases = new UriAliases(planOf([server, serverPlan('box', 'other')]));
const alone = new UriAliases(planOf([server]));

function rewritten(result: unknown, by = aliases): unknown {
  const message = parsed(JSON.stringify({ jsonrpc: '2.0', id: 1, result }));
  const text = joinPieces(message.withEdits(resultUriEdits(message, server, by))).toString();
  return (JSON.parse(text) as { result: unknown }).result;
}

const PUBLIC = 'mcpa://box/files/file:///x';

describe('resultUriEdits', () => {
  it(proves('rewrites links and embedded resources of a call, the app of each and of the whole', 'result-uris'), () => {
    const result = {
      content: [
        { type: 'text', text: 'see "uri": "file:///x"' },
        { type: 'resource_link', uri: 'file:///x', name: 'x', _meta: { ui: { resourceUri: 'ui://app' } } },
        { type: 'resource', resource: { uri: 'file:///x', text: '{"uri":"file:///x"}' } },
      ],
      _meta: { ui: { resourceUri: 'ui://app' }, 'ui/resourceUri': 'ui://flat' },
    };
    expect(rewritten(result)).toEqual({
      content: [
        result.content[0],
        { type: 'resource_link', uri: PUBLIC, name: 'x', _meta: { ui: { resourceUri: 'ui://box__files/app' } } },
        { type: 'resource', resource: { uri: PUBLIC, text: '{"uri":"file:///x"}' } },
      ],
      _meta: { ui: { resourceUri: 'ui://box__files/app' }, 'ui/resourceUri': 'ui://box__files/flat' },
    });
  });

  it('finds keys and types that are written with escapes', () => {
    const link = String.raw`{"\u0074ype":"resource\u005flink","ur\u0069":"file:///x","_met\u0061":{"u\u0069":{"resourceUr\u0069":"ui://app"}}}`;
    const inner = String.raw`{"type":"resource","res\u006furce":{"\u0075ri":"file:///x"}}`;
    const message = parsed(String.raw`{"id":1,"result":{"cont\u0065nt":[${link},${inner}]}}`);
    const edits = resultUriEdits(message, server, aliases);
    expect(edits.map(({ text }) => text).sort()).toEqual([
      JSON.stringify(PUBLIC),
      JSON.stringify(PUBLIC),
      '"ui://box__files/app"',
    ]);
  });

  it.each([
    ['a link', String.raw`{"content":[{"ur\u0069":"file:///x","type":"resource_link","name":"x"},L]}`],
    [
      'an embedded resource',
      String.raw`{"content":[L,{"resource":{"ur\u0069":"file:///x","text":""},"type":"resource"}]}`,
    ],
    ['what was read', String.raw`{"contents":[{"ur\u0069":"file:///x","text":""},{"uri":"file:///x","text":""}]}`],
    ['a prompt', String.raw`{"messages":[{"content":{"ur\u0069":"file:///x","type":"resource_link"}},{"content":L}]}`],
  ])('finds the first of two URIs where only its key is written with an escape: %s', (_what, result) => {
    const link = '{"type":"resource_link","uri":"file:///x"}';
    const message = parsed(`{"jsonrpc":"2.0","id":1,"result":${result.replace('L', link)}}`);
    const edits = resultUriEdits(message, server, aliases);
    expect(edits.map(({ text }) => text)).toEqual([JSON.stringify(PUBLIC), JSON.stringify(PUBLIC)]);
  });

  // Nothing else in the answer says that it names a URI.
  it.each([
    String.raw`{"content":[{"ur\u0069":"file:///x","type":"resource_link"}]}`,
    String.raw`{"content":[{"type":"resource","resource":{"\u0075r\u0069":"file:///x"}}]}`,
  ])(proves('finds the only URI of an answer behind a key with an escape: %s', 'result-uris'), (result) => {
    const message = parsed(`{"jsonrpc":"2.0","id":1,"result":${result}}`);
    expect(resultUriEdits(message, server, aliases).map(({ text }) => text)).toEqual([JSON.stringify(PUBLIC)]);
  });

  it('rewrites what resources/read and prompts/get answer', () => {
    expect(
      rewritten({
        contents: [
          { uri: 'file:///x', text: 'a' },
          { uri: 'file:///x', blob: '' },
        ],
      }),
    ).toEqual({
      contents: [
        { uri: PUBLIC, text: 'a' },
        { uri: PUBLIC, blob: '' },
      ],
    });
    const messages = [{ role: 'user', content: { type: 'resource', resource: { uri: 'file:///x', text: '' } } }];
    expect(rewritten({ messages })).toEqual({
      messages: [{ role: 'user', content: { type: 'resource', resource: { uri: PUBLIC, text: '' } } }],
    });
  });

  it.each([
    {
      structuredContent: { uri: 'file:///x', content: [{ type: 'resource_link', uri: 'file:///x' }] },
      content: [{ type: 'text', text: '"uri"' }],
    },
    { content: [{ type: 'text', uri: 'file:///x', text: '' }] },
    { content: [{ type: 'image', resource: { uri: 'file:///x' } }] },
    { content: [{ type: 'resource_link', uri: 5 }, { uri: 'file:///x' }, null, 'file:///x'] },
    { content: { uri: 'file:///x' }, contents: 'x', messages: [5] },
    { uri: 'file:///x', _meta: { uri: 'file:///x', resourceUri: 'file:///x' } },
    { resources: [{ uri: 'file:///x' }] },
  ])("leaves the server's own data alone: %j", (result) => {
    expect(rewritten(result)).toEqual(result);
  });

  it('leaves every other byte alone', () => {
    const text =
      '{"jsonrpc":"2.0","id":1,"result":{"n":1.0,"content":[ {"type":"resource_link" , "uri" : "file:\\/\\/\\/x" , "big":12345678901234567890} ]}}';
    const message = parsed(text);
    const edits = resultUriEdits(message, server, aliases);
    expect(joinPieces(message.withEdits(edits)).toString()).toBe(text.replace('"file:\\/\\/\\/x"', `"${PUBLIC}"`));
  });

  const link = (members: string): string => `{"content":[{"type":"resource_link",${members}}]}`;

  it.each([
    link('"uri":"mcpa://other/s/file:///x","uri":"file:///x"'),
    link('"URI":"mcpa://other/s/file:///x","uri":"file:///x"'),
    link('"URI":"mcpa://other/s/file:///x"'),
    link(String.raw`"ur\u0069":"mcpa://other/s/file:///x","uri":"file:///x"`),
    '{"content":[{"type":"text","text":"","type":"resource_link","uri":"a:b"}]}',
    '{"content":[{"type":"resource","resource":{"uri":"a:b","uri":"a:c"}}]}',
    '{"content":[],"Content":[{"type":"resource_link","uri":"a:b"}]}',
    '{"contents":[{"uri":"a:b"}],"contents":[]}',
    '{"contents":[{"URI":"a:b","uri":"a:c"}]}',
    '{"messages":[{"role":"user","content":{"type":"resource_link","uri":"a:b"},"CONTENT":{}}]}',
    '{"content":[],"_meta":{"ui":{"resourceUri":"ui://a","resourceURI":"ui://b"}}}',
  ])('refuses %s, in which two readers find two URIs', (result) => {
    const message = parsed(`{"jsonrpc":"2.0","id":1,"result":${result}}`);
    expect(() => resultUriEdits(message, server, aliases)).toThrow(
      expect.objectContaining({ code: 'SERVER_PROTOCOL' }),
    );
    expect(resultUriEdits(message, server, alone)).toEqual([]);
  });

  it('does nothing where the hosts file has a single server', () => {
    const result = { contents: [{ uri: 'file:///x' }] };
    expect(rewritten(result, alone)).toEqual(result);
  });
});

describe('definitionUriEdits', () => {
  it('rewrites the app of a tool and leaves its schema alone', () => {
    const definition = {
      name: 't',
      inputSchema: { type: 'object', properties: { uri: {}, resourceUri: {} } },
      _meta: { ui: { resourceUri: 'ui://app', uri: 'ui://app' } },
    };
    const bytes = Buffer.from(JSON.stringify(definition));
    const text = joinPieces(splice(bytes, definitionUriEdits(bytes, server, aliases))).toString();
    expect(JSON.parse(text)).toEqual({
      ...definition,
      _meta: { ui: { resourceUri: 'ui://box__files/app', uri: 'ui://app' } },
    });
  });
});
