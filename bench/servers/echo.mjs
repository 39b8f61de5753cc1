// The least an MCP server can be: one JSON.parse and one write per message, as servers do.
// `echo` answers with its text, `big` with as many bytes as asked for, made once: what is measured is their way.
const out = process.stdout;
let rest = '';
let big = Buffer.alloc(0);

const tools = ['echo', 'big'].map((name) => ({ name, description: name, inputSchema: { type: 'object' } }));

function answer(message) {
  if (message.method === 'tools/call' && message.params.name === 'big') answerBig(message);
  else out.write(`{"jsonrpc":"2.0","id":${message.id},"result":${resultOf(message)}}\n`);
}

function answerBig({ id, params }) {
  const { bytes } = params.arguments;
  if (big.length !== bytes) big = Buffer.alloc(bytes, 'x');
  out.write(`{"jsonrpc":"2.0","id":${id},"result":{"content":[{"type":"text","text":"`);
  out.write(big);
  out.write('"}]}}\n');
}

function resultOf({ method, params }) {
  if (method === 'tools/call') return `{"content":[{"type":"text","text":${JSON.stringify(params.arguments.text)}}]}`;
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
    if (message.id !== undefined) answer(message);
  }
});
process.stdin.on('end', () => process.exit(0));
