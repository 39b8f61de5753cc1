// Offers everything MCP knows, and does to its client what it is told to.
import { notify, out, serve, text, tool } from '../../../fixtures/servers/mini.mjs';

const seen = [];
const waiting = new Map();
let level = null;
let asked = 0;

const ask = ({ method, params, id = `s-${(asked += 1)}` }) =>
  new Promise((resolve) => {
    waiting.set(JSON.stringify(id), resolve);
    out.write(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
  });

let rest = '';
process.stdin.on('data', (chunk) => {
  const lines = (rest + String(chunk)).split('\n');
  rest = lines.pop();
  for (const line of lines.filter((one) => one !== '')) {
    const message = JSON.parse(line);
    if (message.method !== undefined) continue;
    seen.push({ method: 'reply', id: message.id });
    waiting.get(JSON.stringify(message.id))?.(message);
  }
});

const capabilities = {
  tools: { listChanged: true },
  prompts: {},
  resources: { subscribe: true, listChanged: true },
  logging: {},
  completions: {},
  tasks: { list: {}, cancel: {} },
};

serve({
  name: 'full',
  capabilities,
  tools: ['ask', 'send', 'say', 'level', 'seen', 'link', 'args', 'hello'].map((name) => tool(name)),
  calls: {
    ask: async (args) => text(JSON.stringify(await ask(args))),
    // A request whose answer is not waited for.
    send: ({ method, params, id }) => {
      out.write(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
      return text('sent');
    },
    say: ({ method, params }) => {
      notify(method, params);
      return text('said');
    },
    level: () => text(String(level)),
    seen: () => text(JSON.stringify(seen)),
    link: () => ({
      content: [{ type: 'resource_link', uri: 'test://a', name: 'a' }],
      structuredContent: { uri: 'test://a' },
    }),
    args: (args) => text(JSON.stringify(args)),
    hello: () => text(JSON.stringify(seen.find(({ method }) => method === 'initialize'))),
  },
  methods: {
    initialize: (params) => {
      seen.push({ method: 'initialize', params });
      return {
        protocolVersion: params.protocolVersion,
        capabilities,
        serverInfo: { name: 'full', version: '1.0.0' },
        instructions: 'Be kind.',
      };
    },
    'prompts/list': () => ({ prompts: [{ name: 'greet', arguments: [{ name: 'who' }] }] }),
    'prompts/get': ({ name, arguments: given }) =>
      process.argv.includes('--mute-prompts')
        ? undefined
        : { messages: [{ role: 'user', content: { type: 'text', text: `${name} ${given?.who}` } }] },
    'resources/list': () => ({ resources: [{ uri: 'test://a', name: 'a' }] }),
    'resources/templates/list': () => ({ resourceTemplates: [{ uriTemplate: 'test://{id}', name: 't' }] }),
    'resources/read': ({ uri }) => ({ contents: [{ uri, text: `content of ${uri}` }] }),
    'resources/subscribe': ({ uri }) => {
      seen.push({ method: 'subscribe', uri });
      return {};
    },
    'resources/unsubscribe': ({ uri }) => {
      seen.push({ method: 'unsubscribe', uri });
      return {};
    },
    'completion/complete': ({ ref, argument, context }) => ({
      completion: { values: [JSON.stringify({ ref, argument, context })] },
    }),
    'logging/setLevel': (params) => {
      level = params.level;
      return {};
    },
    'x/future': (params) => ({ future: params }),
  },
  notified: (message) => {
    seen.push({ method: message.method, params: message.params });
  },
});
