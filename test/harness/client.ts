/** The official SDK's client on the built program, over stdio. */
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { onTestFinished } from 'vitest';
import { BIN } from './program.ts';
import { makeSandbox, type Sandbox } from './sandbox.ts';

/** Connected (initialize done) and closed after the test. */
export async function sdkClient(
  hostsFile: string,
  sandbox: Sandbox = makeSandbox(),
  { throughDaemon = false } = {},
): Promise<Client> {
  const client = new Client({ name: 'sdk-client', version: '1.0.0' }, { capabilities: {} });
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [BIN, 'serve', ...(throughDaemon ? [] : ['--in-process']), '--config', hostsFile],
    env: { ...sandbox.env },
    cwd: sandbox.home,
    stderr: 'pipe',
  });
  onTestFinished(() => client.close());
  await client.connect(transport);
  return client;
}
