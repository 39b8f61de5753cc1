/** Demo server: facts about its machine. */
import os from 'node:os';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { demoHost, text } from '../answer.ts';

const server = new McpServer({ name: 'demo-system', version: '1.0.0' });

function facts(): string {
  const megabytes = (bytes: number): string => `${String(Math.round(bytes / 2 ** 20))} MB`;
  return [
    `demo host: ${demoHost}`,
    `machine: ${os.hostname()} (${os.type()} ${os.machine()})`,
    `up: ${String(Math.round(os.uptime() / 60))} min`,
    `load: ${os
      .loadavg()
      .map((load) => load.toFixed(2))
      .join(' ')}`,
    `memory: ${megabytes(os.freemem())} free of ${megabytes(os.totalmem())}`,
    `process: ${String(process.pid)} in ${process.cwd()}`,
  ].join('\n');
}

server.registerTool(
  'system_facts',
  {
    description: `Name, uptime, load and memory of ${demoHost}.`,
    inputSchema: {},
    annotations: { readOnlyHint: true },
  },
  () => text(facts()),
);

await server.connect(new StdioServerTransport());
