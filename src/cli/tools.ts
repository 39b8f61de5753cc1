/** `tools [host[/server]|tool]`: every tool by its public name, or one tool in full. */

import type { ToolEntry } from '../api/control.ts';
import { counted } from '../base/counted.ts';
import { type ErrorReport, EXIT, type ExitCode } from '../base/errors.ts';
import { harmless, oneLine } from '../base/harmless.ts';
import type { CliContext } from './context.ts';
import { parseTarget } from './context.ts';
import { combinedExit, formatError, warnOfHostsFile } from './report.ts';
import { withClient } from './session.ts';
import { table } from './style.ts';
import { signatureLine, toolHelp } from './tool-help.ts';
import { lookUpTool } from './tool-lookup.ts';

/** @param target `host`, `host/server` or the public name of a tool; names of hosts hold no `__` */
export async function runTools(context: CliContext, target: string | undefined): Promise<ExitCode> {
  if (target?.includes('__') === true && !target.includes('/')) return await describeTool(context, target);
  const wanted = target === undefined ? {} : parseTarget(target);
  const listed = await withClient(context, async (client) => {
    context.out.progress('listing tools …');
    return await client.request('tools', wanted, context.io.signal);
  });
  const { tools, missing, problem, notStarted = [] } = listed;
  if (context.globals.json) context.out.json<'tools'>(listed);
  else showTools(context, tools);
  warnOfHostsFile(context, problem);
  if (!context.globals.json)
    for (const { host, server, from, why } of notStarted)
      context.out.note(`${oneLine(`○ ${host}/${server} (${from}) is not started: ${why}`)}\n`);
  if (!context.globals.json) for (const report of missing) context.out.note(formatError(report, context.style));
  if (missing.length === 0) return EXIT.ok;
  if (tools.length > 0) return EXIT.partly;
  // For a script, a server that stays silent is like a host that does.
  const exit = combinedExit(missing);
  return exit === EXIT.tool && missing.some(isSilent) ? EXIT.unreachable : exit;
}

/** Also `call <tool> --help`. */
export async function describeTool(context: CliContext, name: string): Promise<ExitCode> {
  const { io, out, style, globals } = context;
  const tool = await withClient(context, (client) => lookUpTool(context, client, name, { word: 'tools' }));
  if (globals.json) out.json<'tools'>({ tools: [tool], missing: [] });
  else out.write(toolHelp(tool, style, io.stdout.isTTY ? io.stdout.columns : undefined));
  return EXIT.ok;
}

function isSilent({ code }: ErrorReport): boolean {
  return code === 'SERVER_START_TIMEOUT';
}

/** A person sees how each tool is called; a pipe gets the name and the title, as always. */
function showTools({ out, style, io }: CliContext, tools: readonly ToolEntry[]): void {
  if (io.stdout.isTTY) {
    out.write(tools.map((tool) => signatureLine(tool, style, io.stdout.columns)).join(''));
    out.note(`${counted(tools.length, 'tool')}\n`);
    return;
  }
  const isFound = tools.some(({ from }) => from !== undefined);
  const rows = tools.map((tool) => [
    style.bold(harmless(tool.name)),
    ...(isFound ? [style.dim(oneLine(tool.from ?? ''))] : []),
    oneLine(tool.title ?? tool.description ?? ''),
  ]);
  out.write(table(rows));
}
