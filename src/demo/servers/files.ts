/** Demo server: lists and reads the files of its working folder. */
import { readdir, readFile, realpath } from 'node:fs/promises';
import path from 'node:path';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import * as z from 'zod';
import { demoHost, text } from '../answer.ts';

const root = await realpath(process.cwd());
const server = new McpServer({ name: 'demo-files', version: '1.0.0' });
const readOnly = { readOnlyHint: true };

/** The real path of a file below the folder. A path or link that leads out of the folder is refused. */
async function inside(name: string): Promise<string> {
  const file = await realpath(path.resolve(root, name));
  if (file !== root && !file.startsWith(root + path.sep)) throw new Error(`${name} is outside the demo folder`);
  return file;
}

server.registerTool(
  'list_files',
  { description: `Lists the files of ${demoHost}.`, inputSchema: {}, annotations: readOnly },
  async () => {
    const entries = await readdir(root, { withFileTypes: true });
    const shown = entries.filter((entry) => !entry.name.startsWith('.'));
    return text(
      shown
        .map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name))
        .sort()
        .join('\n'),
    );
  },
);

server.registerTool(
  'read_file',
  {
    description: `Reads one text file of ${demoHost}.`,
    inputSchema: { path: z.string().describe('relative to the folder') },
    annotations: readOnly,
  },
  async ({ path: name }) => text(await readFile(await inside(name), 'utf8')),
);

await server.connect(new StdioServerTransport());
