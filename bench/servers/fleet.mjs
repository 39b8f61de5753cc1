// A whole fleet in one process: speaks SSH on loopback, and answers as every MCP server through a subsystem.
// argv: host key file, authorized key file (OpenSSH public key line), tools of each server. Prints its port.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import ssh2 from 'ssh2';

const [hostKeyFile, publicKeyFile, count] = process.argv.slice(2);
const allowed = ssh2.utils.parseKey(readFileSync(publicKeyFile));
const tools = Array.from({ length: Number(count) }, (_, at) => ({
  name: `tool_${at + 1}`,
  description: `Does the ${at + 1}th of the things that this server can do, and says how it went.`,
  inputSchema: { type: 'object', properties: { path: { type: 'string' }, limit: { type: 'integer' } } },
}));
const TOOLS = JSON.stringify({ tools });

function resultOf({ method, params }) {
  if (method === 'tools/call') return '{"content":[{"type":"text","text":"done"}]}';
  if (method === 'tools/list') return TOOLS;
  if (method !== 'initialize') return '{}';
  const { protocolVersion } = params;
  const serverInfo = { name: 'bench-fleet', version: '1.0.0' };
  return JSON.stringify({ protocolVersion, capabilities: { tools: {} }, serverInfo });
}

function serve(channel) {
  let rest = '';
  channel.setEncoding('utf8').on('data', (chunk) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop();
    for (const line of lines) {
      const message = JSON.parse(line);
      if (message.id !== undefined)
        channel.write(`{"jsonrpc":"2.0","id":${message.id},"result":${resultOf(message)}}\n`);
    }
  });
  channel.on('end', () => {
    channel.exit(0);
    channel.end();
  });
}

function mayLogIn(context) {
  if (context.method !== 'publickey' || !context.key.data.equals(allowed.getPublicSSH())) return false;
  return !context.signature || allowed.verify(context.blob, context.signature, context.hashAlgo) === true;
}

const ssh = new ssh2.Server({ hostKeys: [readFileSync(hostKeyFile)] }, (connection) => {
  connection.on('error', () => undefined);
  connection.on('authentication', (context) => (mayLogIn(context) ? context.accept() : context.reject(['publickey'])));
  connection.on('session', (accept) => accept().on('subsystem', (open) => serve(open())));
});
const tcp = createServer({ noDelay: true }, (socket) => ssh.injectSocket(socket));
tcp.listen(0, '127.0.0.1', () => process.stdout.write(`${tcp.address().port}\n`));
process.stdin.resume().on('end', () => process.exit(0));
