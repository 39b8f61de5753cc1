import { describe, expect, it } from 'vitest';
import { asReplyTo, forwardRequest, isMethodNotFound } from '../../../src/protocol/relay.ts';
import { joinPieces, type Line } from '../../../src/protocol/splice.ts';
import { parsed } from './kit.ts';
import { peerKit } from './peer-kit.ts';

const text = (line: Line): string => joinPieces(line).toString();

describe('forwardRequest', () => {
  it('changes ids and tokens and nothing else', async () => {
    const [server, client] = [peerKit(), peerKit()];
    const request = parsed(
      '{ "params" : {"_meta":{"x":1.0,"progressToken":"t\\u0031"},"big":12345678901234567890},"id":"the id", "method":"m","future":[1e400] }',
    );
    forwardRequest(request, [], server.peer, client.peer, { timeoutMs: Number.POSITIVE_INFINITY }).catch(
      () => undefined,
    );
    expect(await server.lines()).toEqual([
      '{ "params" : {"_meta":{"x":1.0,"progressToken":1},"big":12345678901234567890},"id":1, "method":"m","future":[1e400] }',
    ]);
  });

  it.each(['"7"', '7', '"t\\u0031"', '12345678901234567890', '-0.5'])(
    'gives progress back with the token as it was written: %s',
    async (token) => {
      const [server, client] = [peerKit(), peerKit()];
      const request = parsed(`{"jsonrpc":"2.0","id":5,"method":"m","params":{"_meta":{"progressToken":${token}}}}`);
      const reply = forwardRequest(request, [], server.peer, client.peer, { timeoutMs: 1000 });
      server.say(
        '{"jsonrpc":"2.0","method":"notifications/progress","params":{ "progress":1.0,"progressToken":1,"x":"y" }}',
      );
      server.say({ id: 1, result: {} });
      await reply;
      server.say({ method: 'notifications/progress', params: { progressToken: 1, progress: 2 } });
      expect(await client.lines()).toEqual([
        `{"jsonrpc":"2.0","method":"notifications/progress","params":{ "progress":1.0,"progressToken":${token},"x":"y" }}`,
      ]);
    },
  );

  it('asks for no progress where none was asked for', async () => {
    const [server, client] = [peerKit(), peerKit()];
    forwardRequest(parsed('{"id":5,"method":"m","params":{"_meta":{}}}'), [], server.peer, client.peer, {
      timeoutMs: Number.POSITIVE_INFINITY,
    }).catch(() => undefined);
    server.say({ method: 'notifications/progress', params: { progressToken: 1, progress: 1 } });
    expect([await server.lines(), await client.lines()]).toEqual([['{"id":1,"method":"m","params":{"_meta":{}}}'], []]);
  });

  it('makes the edits it is given beside its own', async () => {
    const [server, client] = [peerKit(), peerKit()];
    const request = parsed('{"id":5,"method":"m","params":{"name":"public","_meta":{"progressToken":"a"},"z":1}}');
    const span = request.param('name') ?? { start: 0, end: 0 };
    forwardRequest(request, [{ span, text: '"own"' }], server.peer, client.peer, {
      timeoutMs: Number.POSITIVE_INFINITY,
    }).catch(() => undefined);
    expect(await server.lines()).toEqual([
      '{"id":1,"method":"m","params":{"name":"own","_meta":{"progressToken":1},"z":1}}',
    ]);
  });
});

describe('asReplyTo', () => {
  it.each(['7', '"a\\u0062"', '12345678901234567890', '1.50'])('gives the reply the id %s, byte for byte', (id) => {
    const request = parsed(`{"id":${id},"method":"m"}`);
    const reply = parsed('{ "result":{"id":3,"n":1.0}, "id" : 3 }');
    expect(text(asReplyTo(request, reply))).toBe(`{ "result":{"id":3,"n":1.0}, "id" : ${id} }`);
  });

  it("keeps an error's code, message and data", () => {
    const request = parsed('{"id":"x","method":"m"}');
    const reply = parsed('{"error":{"code":-32042,"message":"m","data":{"url":"u","n":1.0}},"id":3}');
    expect(text(asReplyTo(request, reply))).toBe(
      '{"error":{"code":-32042,"message":"m","data":{"url":"u","n":1.0}},"id":"x"}',
    );
  });

  it.each(['7', '12345678901234567890', '"é"'])('answers %s too where the server could not read the id', (id) => {
    const request = parsed(`{"id":${id},"method":"m"}`);
    const reply = parsed('{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"what?","data":[1]}}');
    expect(text(asReplyTo(request, reply))).toBe(
      `{"jsonrpc":"2.0","id":${id},"error":{"code":-32700,"message":"what?","data":[1]}}`,
    );
  });
});

describe('isMethodNotFound', () => {
  it('knows the code, and not the text', () => {
    expect(isMethodNotFound(parsed('{"id":1,"error":{"code":-32601,"message":"x"}}'))).toBe(true);
    expect(isMethodNotFound(parsed('{"id":1,"error":{"code":-32600,"message":"Method not found"}}'))).toBe(false);
    expect(isMethodNotFound(parsed('{"id":1,"result":{"code":-32601}}'))).toBe(false);
  });
});
