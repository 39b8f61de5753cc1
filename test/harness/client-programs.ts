/** Client programs of test/tools/clients, run on the Node of test/tools. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { StdioCommand } from './http-bridge.ts';

const TOOLS = fileURLToPath(new URL('../tools/', import.meta.url));

export interface ClientCall {
  readonly name: string;
  readonly args: object;
}

export interface ClientSaw {
  readonly tools: readonly string[];
  readonly results: readonly unknown[];
  readonly resources?: readonly string[];
  readonly prompts?: readonly string[];
}

/** Lists and calls through one of the programs; rejects with what it said when it fails. */
export function clientProgram(
  name: 'ai-sdk' | 'langchain',
  server: StdioCommand,
  calls: readonly ClientCall[],
): Promise<ClientSaw> {
  const args = [`${TOOLS}clients/${name}.mjs`, JSON.stringify({ ...server, calls })];
  const env = { PATH: process.env['PATH'] ?? '', HOME: server.env['HOME'] ?? '/' };
  return new Promise((resolve, reject) => {
    execFile(
      `${TOOLS}node_modules/.bin/node`,
      args,
      { env, timeout: 40_000, maxBuffer: 1 << 26 },
      (error, stdout, stderr) => {
        if (error === null) resolve(JSON.parse(stdout) as ClientSaw);
        else reject(new Error(`${name}: ${stdout}${stderr}`, { cause: error }));
      },
    );
  });
}
