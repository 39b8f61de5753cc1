// `@ai-sdk/mcp`, which has no official SDK inside. Argument: JSON of { command, args, env, calls }; prints what it saw as JSON.
import { createMCPClient } from '@ai-sdk/mcp';
import { Experimental_StdioMCPTransport as StdioTransport } from '@ai-sdk/mcp/mcp-stdio';

const { command, args, env, calls } = JSON.parse(process.argv[2]);
const client = await createMCPClient({ transport: new StdioTransport({ command, args, env, stderr: 'ignore' }) });
const { tools } = await client.listTools();
const results = [];
for (const { name, args: input } of calls) results.push(await client.callTool({ name, arguments: input }));
const { resources } = await client.listResources();
const { prompts } = await client.listPrompts();
const names = (items) => items.map(({ name }) => name);
process.stdout.write(
  JSON.stringify({ tools: names(tools), results, resources: resources.map(({ uri }) => uri), prompts: names(prompts) }),
);
await client.close();
