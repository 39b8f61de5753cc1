// `@langchain/mcp-adapters`. Argument: JSON of { command, args, env, calls }; prints what it saw as JSON.
import { MultiServerMCPClient } from '@langchain/mcp-adapters';

const { command, args, env, calls } = JSON.parse(process.argv[2]);
const client = new MultiServerMCPClient({
  mcpServers: { anywhere: { transport: 'stdio', command, args, env, stderr: 'ignore' } },
  prefixToolNameWithServerName: false,
  useStandardContentBlocks: false,
});
const tools = await client.getTools();
const results = [];
for (const { name, args: input } of calls) results.push(await tools.find((tool) => tool.name === name).invoke(input));
process.stdout.write(JSON.stringify({ tools: tools.map(({ name }) => name), results }));
await client.close();
