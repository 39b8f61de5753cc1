// The least an MCP server can be: one JSON.parse per line, replies of one chunk in one write.
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
  let replies = '';
  for (const line of lines) {
    const message = JSON.parse(line);
    if (message.id !== undefined) replies += `{"jsonrpc":"2.0","id":${message.id},"result":${resultOf(message)}}\n`;
  }
  if (replies !== '') out.write(replies);
});
process.stdin.on('end', () => process.exit(0));
