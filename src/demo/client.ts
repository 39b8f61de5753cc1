/** The AI client of the demo: the client of the official SDK, connected to `serve`. */

import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { ToolListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';

export interface Answer {
  readonly isError: boolean;
  readonly text: string;
  readonly durationMs: number;
}

export interface DemoClient {
  /** The public names of all tools. */
  tools(): Promise<readonly string[]>;
  onToolsChanged(listener: () => void): void;
  call(tool: string, args: Record<string, unknown>): Promise<Answer>;
  /** The last lines of the gateway on stderr, for an error report. */
  lastErrors(): readonly string[];
  close(): Promise<void>;
}

export interface ServeCommand {
  /** The path of bin.js. */
  readonly program: string;
  readonly hostsFile: string;
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
}

export async function connectClient(command: ServeCommand): Promise<DemoClient> {
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [command.program, 'serve', '--in-process', '--config', command.hostsFile],
    env: { ...command.env },
    cwd: command.cwd,
    stderr: 'pipe',
  });
  const said = lastLines(transport.stderr as Readable | null, 20);
  const client = new Client({ name: 'mcp-anywhere-demo', version: '1.0.0' });
  await client.connect(transport);
  return {
    tools: async () => (await client.listTools()).tools.map((tool) => tool.name),
    onToolsChanged(listener) {
      client.setNotificationHandler(ToolListChangedNotificationSchema, listener);
    },
    call: (tool, args) => call(client, tool, args),
    lastErrors: () => said,
    close: () => client.close(),
  };
}

async function call(client: Client, tool: string, args: Record<string, unknown>): Promise<Answer> {
  const began = performance.now();
  const { content, isError } = await client.callTool({ name: tool, arguments: args });
  const pieces = Array.isArray(content) ? (content as readonly { type: string; text?: string }[]) : [];
  const text = pieces.map((piece) => piece.text ?? `[${piece.type}]`).join('\n');
  return { isError: isError === true, text, durationMs: performance.now() - began };
}

function lastLines(input: Readable | null, count: number): readonly string[] {
  const lines: string[] = [];
  if (input === null) return lines;
  createInterface({ input }).on('line', (line) => {
    lines.push(line);
    if (lines.length > count) lines.shift();
  });
  return lines;
}
