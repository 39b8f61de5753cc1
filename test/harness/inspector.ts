/** `inspector --cli`, an independent client, on the built program. It and the Node it needs come from test/tools. */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { StdioCommand } from './http-bridge.ts';
import { BIN } from './program.ts';
import type { Sandbox } from './sandbox.ts';
import { scratch } from './scratch.ts';

const TOOLS = fileURLToPath(new URL('../tools/node_modules/.bin', import.meta.url));

/** Of the built program with this hosts file. */
export function inspect(hostsFile: string, sandbox: Sandbox, args: readonly string[]): Promise<string> {
  return inspectServer(
    { command: process.execPath, args: [BIN, 'serve', '--in-process', '--config', hostsFile], env: sandbox.env },
    sandbox,
    args,
  );
}

/** What it prints on stdout; rejects with all it said when it fails. */
export function inspectServer(server: StdioCommand, sandbox: Sandbox, args: readonly string[]): Promise<string> {
  const config = join(scratch(), 'mcp.json');
  writeFileSync(config, JSON.stringify({ mcpServers: { anywhere: server } }));
  const command = [join(TOOLS, 'mcp-inspector'), '--cli', '--config', config, '--server', 'anywhere', ...args];
  return new Promise((resolve, reject) => {
    execFile(
      join(TOOLS, 'node'),
      command,
      { env: sandbox.env, timeout: 28_000, maxBuffer: 1 << 26 },
      (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else reject(new Error(`inspector ${args.join(' ')}: ${stdout}${stderr}`, { cause: error }));
      },
    );
  });
}
