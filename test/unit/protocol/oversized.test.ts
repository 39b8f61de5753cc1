import { describe, expect, it } from 'vitest';
import { oversizedId } from '../../../src/protocol/reader.ts';

const EDGE = 4096;

function idOf(text: string): ReturnType<typeof oversizedId> {
  const bytes = Buffer.from(text.replace('BIG', 'x'.repeat(3 * EDGE)));
  return oversizedId(bytes.subarray(0, EDGE), bytes.subarray(-EDGE));
}

describe('oversizedId', () => {
  it.each([
    ['{"jsonrpc":"2.0","id":12,"result":{"a":"BIG"}}', { isReply: true, idText: '12' }],
    ['{"id":12,"result":"BIG"}', { isReply: true, idText: '12' }],
    ['{ "jsonrpc" : "2.0" , "id" : 12 , "error" : "BIG"}', { isReply: true, idText: '12' }],
    ['{"result":{"a":"BIG"},"jsonrpc":"2.0","id":12}', { isReply: true, idText: '12' }],
    ['{"jsonrpc":"2.0","result":{"id":5,"a":"BIG","id":6},"id":12}\r', { isReply: true, idText: '12' }],
    ['{"result":"BIG","id":12,"jsonrpc":"2.0"}', { isReply: true, idText: '12' }],
    ['{"jsonrpc":"2.0","id":12,"method":"m","params":"BIG"}', { isReply: false, idText: '12' }],
    ['{"jsonrpc":"2.0","id":"é\\"","method":"m","params":"BIG"}', { isReply: false, idText: '"é\\""' }],
    ['{"method":"m","params":{"a":"BIG"},"jsonrpc":"2.0","id":12}', { isReply: false, idText: '12' }],
    ['{"jsonrpc":"2.0","method":"m","id":12,"params":"BIG"}', { isReply: false, idText: '12' }],
  ])('finds it: %s', (text, expected) => {
    expect(idOf(text)).toMatchObject(expected);
  });

  it('knows an id of ours, as a number or as text', () => {
    expect(idOf('{"id":12,"result":"BIG"}')?.ownId).toBe(12);
    expect(idOf('{"id":"12","result":"BIG"}')?.ownId).toBe(12);
    expect(idOf('{"id":"a","result":"BIG"}')?.ownId).toBeNaN();
  });

  it.each([
    '{"id":"1\r2","method":"m","params":"BIG"}',
    '{"jsonrpc":"2.0","method":"m","params":{"a":"BIG","id":12}}',
    '{"jsonrpc":"2.0","result":{"a":"BIG","id":12}}',
    '{"jsonrpc":"2.0","id":null,"error":"BIG"}',
    'noise BIG,"id":12}',
    '["BIG","id",12]',
    'BIG',
  ])('does not take another for it: %s', (text) => {
    expect(idOf(text)).toBeUndefined();
  });
});
