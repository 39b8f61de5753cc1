import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Message, parseBatch } from '../../../src/protocol/message.ts';
import { parsed } from './kit.ts';

const kind = (text: string): string | undefined => Message.parse(Buffer.from(text))?.kind;

describe('Message', () => {
  it.each([
    ['{"jsonrpc":"2.0","id":1,"method":"a"}', 'request'],
    ['{"jsonrpc":"2.0","id":"x","method":"a","params":null}', 'request'],
    ['{"jsonrpc":"2.0","method":"a"}', 'notification'],
    ['{"jsonrpc":"2.0","id":null,"method":"a"}', 'notification'],
    ['{"jsonrpc":"2.0","id":1,"result":null}', 'result'],
    ['{"jsonrpc":"2.0","id":1,"result":{},"error":null}', 'result'],
    ['{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"m"}}', 'error'],
    ['{"jsonrpc":"2.0","id":1,"result":null,"error":{"code":1,"message":"m"}}', 'error'],
    ['{"jsonrpc":"2.0","id":null,"error":{"code":1,"message":"m"}}', 'error'],
    ['{"id":7,"result":[]}', 'result'],
    [' \t{ "id" : 7 , "result" : [ ] }\r', 'result'],
  ])('%s is a %s', (text, expected) => {
    expect(kind(text)).toBe(expected);
  });

  it.each([
    '{}',
    '[]',
    '1',
    '""',
    'null',
    '{"id":1}',
    '{"id":null,"result":1}',
    '{"result":1}',
    '{"method":5}',
    '{"id":1,"method":"a"} x',
    '{"id":1,"method":"a"',
    '',
  ])('%j is none', (text) => {
    expect(kind(text)).toBeUndefined();
  });

  it('keeps ids as they were written', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('1', '-1', '1.0', '1e3', '12345678901234567890', '"a"', '"\\u0061"', '""', '"\\""'),
        (id) => {
          expect(parsed(`{"jsonrpc":"2.0","method":"m","id":${id}}`).idText).toBe(id);
        },
      ),
    );
  });

  it('takes for one of our ids a number, or exactly its decimal text', () => {
    expect(parsed('{"id":17,"result":1}').idNumber).toBe(17);
    expect(parsed('{"id":"17","result":1}').idNumber).toBe(17);
    for (const text of [
      '"017"',
      '" 17"',
      '"17 "',
      '"17.0"',
      '"1e1"',
      '"+17"',
      '"0x11"',
      '"-17"',
      '""',
      '"٣"',
      'true',
      '[17]',
    ])
      expect(parsed(`{"id":${text},"result":1}`).idNumber, text).toBeNaN();
    expect(parsed('{"id":null,"error":{}}').idNumber).toBeNaN();
  });

  it('has no more members than a message has', () => {
    expect(kind(`{"method":"m"${',"":1'.repeat(900_000)}}`)).toBe('notification');
    expect(kind(`{"method":"m"${',"":1'.repeat(1_000_000)}}`)).toBeUndefined();
  });

  it('is not misled by members that only look like its own', () => {
    const text = '{"params":{"id":5,"method":"inner","result":1},"method":"m\\u0065thod","id":9,"x":{"error":1}}';
    const message = parsed(text);
    expect([message.kind, message.method, message.idText]).toEqual(['request', 'method', '9']);
    expect(message.paramText('method')).toBe('inner');
    expect(message.paramText('id')).toBeUndefined();
    expect(message.param('none', 'deeper')).toBeUndefined();
  });

  it.each(['result', 'params'])('comes to an end where %s stands twice, the second time as no object', (name) => {
    const message = parsed(`{"id":1,"method":"m","${name}":{"a":1},"${name}":"x"}`);
    expect([message.isAmbiguous, message.param('a'), message.resultMember('a')]).toEqual([true, undefined, undefined]);
  });

  it('says of a broken error what can be said', () => {
    expect(parsed('{"id":1,"error":"boom"}').errorValue()).toMatchObject({ code: -32603 });
    expect(parsed('{"id":1,"error":{"code":5,"message":"m","data":[1]}}').errorValue()).toEqual({
      code: 5,
      message: 'm',
      data: [1],
    });
  });
});

describe('parseBatch', () => {
  it('gives the texts of the elements', () => {
    expect(parseBatch(Buffer.from(' [ {"a":1} , 2 ] '))?.map(String)).toEqual(['{"a":1}', '2']);
    expect(parseBatch(Buffer.from('[]'))).toEqual([]);
  });

  it('holds no more elements than a batch has', () => {
    expect(parseBatch(Buffer.from(`[1${',1'.repeat(9_999)}]`))).toHaveLength(10_000);
    expect(parseBatch(Buffer.from(`[1${',1'.repeat(10_000)}]`))).toBeUndefined();
  });

  it.each(['[1', '[1]x', '{}', '', '[1,]'])('%j is none', (text) => {
    expect(parseBatch(Buffer.from(text))).toBeUndefined();
  });
});
