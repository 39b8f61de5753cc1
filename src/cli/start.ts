/** No command, in a terminal: the dashboard, or what to do first. */
import { AnywhereError, type ExitCode } from '../base/errors.ts';
import type { CliContext } from './context.ts';
import { runStatus } from './status.ts';
import { runWelcome } from './welcome.ts';

export async function runStart(context: CliContext): Promise<ExitCode> {
  try {
    if (canShowDashboard(context)) return await (await import('./dash.ts')).runDash(context, { ascii: false });
    const exit = await runStatus(context);
    context.out.note('\nEvery command: mcp-anywhere --help\n');
    return exit;
  } catch (error) {
    if (error instanceof AnywhereError && error.code === 'CONFIG_NOT_FOUND' && !namesHostsFile(context))
      return runWelcome(context);
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
