/** `reload`: reads the hosts file again, now. An edited file is read by itself; this also says what came of it. */
import { EXIT, type ExitCode } from '../base/errors.ts';
import { oneLine } from '../base/harmless.ts';
import type { CliContext } from './context.ts';
import { exitOf, formatError } from './report.ts';
import { withRunning } from './session.ts';

export async function runReload(context: CliContext): Promise<ExitCode> {
  const report = await withRunning(context, (client) => client.request('reload', {}, context.io.signal));
  const { changed, problem } = report;
  if (context.globals.json) context.out.json(report);
  else if (problem !== undefined) context.out.note(formatError(problem, context.style));
  else if (changed.length === 0) context.out.write('Nothing has changed.\n');
  else context.out.write(changed.map((line) => `${oneLine(line)}\n`).join(''));
  return problem === undefined ? EXIT.ok : exitOf(problem);
}
