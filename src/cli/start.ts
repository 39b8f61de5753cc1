/** `mcp-anywhere` alone: the dashboard, or `init` where there is no hosts file. */

import path from 'node:path';
import { AnywhereError, EXIT, type ExitCode } from '../base/errors.ts';
import { resolvePaths } from '../config/paths.ts';
import { type CliContext, type CliIo, isInteractive, isScreen } from './context.ts';
import { runStatus } from './status.ts';

export async function runStart(context: CliContext): Promise<ExitCode> {
  try {
    if (canShowDashboard(context))
      return await (await import('./dash.ts')).runDash(context, { ascii: false, mouse: false });
    const exit = await runStatus(context);
    context.out.note('\nAll commands: mcp-anywhere --help\n');
    return exit;
  } catch (error) {
    if (error instanceof AnywhereError && error.code === 'CONFIG_NOT_FOUND' && !namesHostsFile(context)) {
      if (canShowDashboard(context) && isInteractive(context.io))
        return await (await import('./init.ts')).runInitCommand(context, { yes: false, dryRun: false });
      context.out.write(welcomeText(context.io));
      return EXIT.ok;
    }
    throw error;
  }
}

/** Otherwise, as with `mcp-anywhere | less` or on a dumb terminal, `status` is shown. */
function canShowDashboard({ globals, io }: CliContext): boolean {
  return !globals.json && isScreen(io);
}

/** A named file that does not exist is a mistake, and no reason for the first steps. */
function namesHostsFile({ globals, io }: CliContext): boolean {
  return globals.config !== undefined || (io.env['MCP_ANYWHERE_CONFIG'] ?? '') !== '';
}

export function welcomeText(io: Pick<CliIo, 'env' | 'platform' | 'homeDir' | 'program'>): string {
  const { configDir } = resolvePaths(io.env, io.platform, io.homeDir);
  return `mcp-anywhere gives your AI client the MCP servers of every machine you can ssh to.

There is no hosts file yet. In a terminal, \`mcp-anywhere init\` asks for everything. The same by hand, in three steps:

1. Name a machine and one of its servers

    mcp-anywhere add gpu1                      # as in \`ssh gpu1\`
    mcp-anywhere server add npx -y @modelcontextprotocol/server-filesystem /data --host gpu1

   Both commands write ${path.join(configDir, 'config.yaml')}, which then says

${indent(STARTER)}

2. Check every step from the file to the server

    mcp-anywhere doctor

3. Add mcp-anywhere to the AI clients on this machine

    mcp-anywhere install

   A client that \`install\` does not know needs this in its own file:

${indent(clientSnippet(io.program.node, io.program.file))}

To look around first, run \`mcp-anywhere demo\`: it brings three machines of its own.
All commands: mcp-anywhere --help
`;
}

const STARTER = `version: 1
hosts:
  gpu1:
    servers:
      files:
        command: npx
        args: [-y, "@modelcontextprotocol/server-filesystem", /data]
`;

/** Absolute paths, because programs that a desktop starts have a short PATH. */
export function clientSnippet(node: string, file: string): string {
  return JSON.stringify({ mcpServers: { anywhere: { command: node, args: [file] } } }, null, 2);
}

function indent(text: string): string {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => `    ${line}`)
    .join('\n');
}
