// The least an MCP server can be: one JSON.parse and one write per message, as servers do.
// `echo` answers with its text, `big` with as many bytes as asked for, from a text made once.
const out = process.stdout;
let rest = '';
let big = '';

const tools = ['echo', 'big'].map((name) => ({ name, description: name, inputSchema: { type: 'object' } }));

function resultOf({ method, params }) {
  if (method === 'tools/call') {
    if (params.name === 'echo') return `{"content":[{"type":"text","text":${JSON.stringify(params.arguments.text)}}]}`;
    const { bytes } = params.arguments;
    if (big.length !== bytes) big = 'x'.repeat(bytes);
    return `{"content":[{"type":"text","text":"${big}"}]}`;
  }
  if (method === 'tools/list') return JSON.stringify({ tools });
  if (method !== 'initialize') return '{}';
  const { protocolVersion } = params;
  return JSON.stringify({
    protocolVersion,
    capabilities: { tools: {} },
    serverInfo: { name: 'bench-echo', version: '1.0.0' },
  });
}

process.stdin.setEncoding('utf8').on('data', (chunk) => {
  const lines = (rest + chunk).split('\n');
  rest = lines.pop();
  for (const line of lines) {
    const message = JSON.parse(line);
    if (message.id !== undefined) out.write(`{"jsonrpc":"2.0","id":${message.id},"result":${resultOf(message)}}\n`);
  }
});
process.stdin.on('end', () => process.exit(0));
