import { describe, expect, it } from 'vitest';
import { parsed } from './kit.ts';

const isAmbiguous = (message: ReturnType<typeof parsed>): boolean =>
  message.isAmbiguous || message.isTokenUnclear || message.hasTwins() || message.hasTwins('ref');

const CALL = '"jsonrpc":"2.0","id":1,"method":"tools/call"';

describe('a message', () => {
  it.each([
    `{${CALL},"params":{"name":"a","arguments":{"name":"b","Name":"c","name":"d"}}}`,
    `{${CALL},"params":{"n\\u0061me":"a","_meta":{"a":1,"A":2}}}`,
    `{${CALL},"params":{"n\\u0061me":"a","_met\\u0061":{"progressToke\\u006e":1}}}`,
    '{"jsonrpc":"2.0","id":1,"result":{"id":1,"ID":2,"method":"x","Method":"y"}}',
    '{"jsonrpc":"2.0","method":"m","params":[1]}',
    '{"jsonrpc":"2.0","method":"m"}',
  ])("does not mind what is the method's own: %s", (text) => {
    expect(isAmbiguous(parsed(text))).toBe(false);
  });

  it.each([
    `{${CALL},"params":{"name":"a","name":"b"}}`,
    `{${CALL},"params":{"name":"a","_Meta":{"progressToken":1}}}`,
    `{${CALL},"params":{"name":"a","_meta":{},"_met\\u0061":{"progressToken":1}}}`,
    `{${CALL},"params":{"name":"a","_meta":{"progresstoken":1}}}`,
    `{${CALL},"params":{"name":"a","_meta":{"progressToken":1,"progressToke\\u006e":2}}}`,
    `{${CALL},"params":{"name":"a","_meta":{"io.modelcontextprotocol/related-task":{"taskId":"a","TaskId":"b"}}}}`,
    '{"jsonrpc":"2.0","method":"m","params":{"_meta":{"io.modelcontextprotocol/related-task":{"taskId":"a","taskId":"b"}}}}',
    `{${CALL},"params":{"name":"a","n\\u0061me":"b"}}`,
    `{${CALL},"params":{"Name":"a","name":"b"}}`,
    `{${CALL},"params":{"name":"a","arguments":{},"ARGUMENTS":{}}}`,
    `{${CALL},"params":{"name":"a"},"Params":{"name":"b"}}`,
    `{${CALL},"params":{"name":"a"},"paramſ":{"name":"b"}}`,
    `{${CALL},"Method":"x","params":{}}`,
    `{${CALL},"method":"tools/call","params":{}}`,
    '{"jsonrpc":"2.0","id":1,"method":"completion/complete","params":{"ref":{"type":"ref/prompt","name":"a","Name":"b"}}}',
    '{"jsonrpc":"2.0","id":1,"method":"tasks/get","params":{"taskId":"a","taskid":"b"}}',
    '{"jsonrpc":"2.0","id":1,"result":{},"Method":"tools/call","Params":{"name":"b"}}',
  ])('sees twins: %s', (text) => {
    expect(isAmbiguous(parsed(text))).toBe(true);
  });
});
