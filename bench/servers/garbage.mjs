// Starts and lists as it should, and answers every call with what is no answer: text, bytes, halves, ids of nobody.
import { out, serve, tool } from '../../test/fixtures/servers/mini.mjs';

serve({
  name: 'garbage',
  tools: [tool('ask')],
  calls: {
    ask: (_args, { id }) => {
      out.write(`*** GARBAGE ${id} ***`);
      out.write(`{"jsonrpc":"2.0","id":${id},"result":`);
      out.write('{"jsonrpc":"2.0","id":987654321,"result":{}}');
      process.stdout.write(Buffer.from([0, 255, 254, 128, 10, 123, 34, 10, 91, 10]));
    },
  },
});
