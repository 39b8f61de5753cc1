/** No command, in a terminal: how things stand, or what to do first. */
import { AnywhereError, type ExitCode } from '../base/errors.ts';
import type { CliContext } from './context.ts';
import { runStatus } from './status.ts';
import { runWelcome } from './welcome.ts';

export async function runStart(context: CliContext): Promise<ExitCode> {
  try {
    const exit = await runStatus(context);
    context.out.note('\nEvery command: mcp-anywhere --help\n');
    return exit;
  } catch (error) {
    if (error instanceof AnywhereError && error.code === 'CONFIG_NOT_FOUND' && !namesHostsFile(context))
      return runWelcome(context);
    throw error;
  }
}

/** Somebody who names a file that is not there made a mistake; they are no beginner. */
function namesHostsFile({ globals, io }: CliContext): boolean {
  return globals.config !== undefined || (io.env['MCP_ANYWHERE_CONFIG'] ?? '') !== '';
}
