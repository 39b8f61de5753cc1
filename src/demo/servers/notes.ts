/** Demo server: keeps short notes in a file on its machine. */
import { appendFile, readFile } from 'node:fs/promises';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import * as z from 'zod';
import { demoHost, text } from '../answer.ts';

const file = 'notes.txt';
const server = new McpServer({ name: 'demo-notes', version: '1.0.0' });

async function notes(): Promise<string[]> {
  const content = await readFile(file, 'utf8').catch(() => '');
  return content.split('\n').filter((line) => line !== '');
}

server.registerTool(
  'add_note',
  { description: `Writes a note on ${demoHost}.`, inputSchema: { note: z.string().min(1).max(500) } },
  async ({ note }) => {
    await appendFile(file, `${note.replaceAll(/\s+/g, ' ')}\n`);
    return text(`${demoHost} now keeps ${String((await notes()).length)} note(s)`);
  },
);

server.registerTool(
  'list_notes',
  { description: `Reads the notes kept on ${demoHost}.`, inputSchema: {}, annotations: { readOnlyHint: true } },
  async () => {
    const kept = await notes();
    return text(kept.length === 0 ? 'no notes yet' : kept.map((note) => `- ${note}`).join('\n'));
  },
);

await server.connect(new StdioServerTransport());
