/** No command, in a terminal: the dashboard, or what to do first. */

import path from 'node:path';
import { AnywhereError, EXIT, type ExitCode } from '../base/errors.ts';
import { resolvePaths } from '../config/paths.ts';
import type { CliContext, CliIo } from './context.ts';
import { runStatus } from './status.ts';

export async function runStart(context: CliContext): Promise<ExitCode> {
  try {
    if (canShowDashboard(context)) return await (await import('./dash.ts')).runDash(context, { ascii: false });
    const exit = await runStatus(context);
    context.out.note('\nEvery command: mcp-anywhere --help\n');
    return exit;
  } catch (error) {
    if (error instanceof AnywhereError && error.code === 'CONFIG_NOT_FOUND' && !namesHostsFile(context)) {
      context.out.write(welcomeText(context.io));
      return EXIT.ok;
    }
    throw error;
  }
}

/** Else, as with `mcp-anywhere | less` and on a terminal that moves no cursor, how things stand. */
function canShowDashboard({ globals, io }: CliContext): boolean {
  return !globals.json && io.stdin.isTTY && io.stdout.isTTY && io.env['TERM'] !== 'dumb';
}

/** Somebody who names a file that is not there made a mistake; they are no beginner. */
function namesHostsFile({ globals, io }: CliContext): boolean {
  return globals.config !== undefined || (io.env['MCP_ANYWHERE_CONFIG'] ?? '') !== '';
}

export function welcomeText(io: Pick<CliIo, 'env' | 'platform' | 'homeDir' | 'program'>): string {
  const hostsFile = path.join(resolvePaths(io.env, io.platform, io.homeDir).configDir, 'config.yaml');
  return `mcp-anywhere gives your AI client the MCP servers of every machine you can ssh to.

There is no hosts file yet. Three steps:

1. Name a machine, any that \`ssh\` reaches, and a server on it, in ${hostsFile}

${indent(STARTER)}

2. Check it

    mcp-anywhere doctor

3. Tell your AI client. For Claude Desktop, in ${claudeDesktopFile(io)}

${indent(clientSnippet(io.program.node, io.program.file))}

   and start Claude Desktop again.

Just looking? \`mcp-anywhere demo\` shows it all on three machines of its own.
All commands: mcp-anywhere --help
`;
}

const STARTER = `version: 1
hosts:
  gpu1:                      # as in \`ssh gpu1\`
    servers:
      files:
        command: npx
        args: [-y, "@modelcontextprotocol/server-filesystem", /data]
`;

/** Absolute paths, because programs started from a desktop find little on their PATH. */
export function clientSnippet(node: string, file: string): string {
  return JSON.stringify({ mcpServers: { anywhere: { command: node, args: [file] } } }, null, 2);
}

function claudeDesktopFile({ env, platform, homeDir }: Pick<CliIo, 'env' | 'platform' | 'homeDir'>): string {
  const name = 'claude_desktop_config.json';
  if (platform === 'darwin') return path.join(homeDir, 'Library/Application Support/Claude', name);
  if (platform === 'win32') return path.join(env['APPDATA'] ?? homeDir, 'Claude', name);
  return path.join(env['XDG_CONFIG_HOME'] ?? path.join(homeDir, '.config'), 'Claude', name);
}

function indent(text: string): string {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => `    ${line}`)
    .join('\n');
}
