/** `daemon`: the process that all clients of a user share, one for each hosts file. Clients start it themselves. */
import { EXIT, type ExitCode } from '../base/errors.ts';
import { oneLine } from '../base/harmless.ts';
import { findHostsFile } from '../config/find.ts';
import { resolvePaths } from '../config/paths.ts';
import { serveAsDaemon } from '../daemon/start.ts';
import type { CliContext } from './context.ts';

export interface DaemonFlags {
  /** The time without clients after which the daemon leaves, ms. Undefined: the default. */
  readonly idleExit?: number | undefined;
  /** The hosts file comes from a working folder, and must be trusted although `--config` names it. */
  readonly fromFolder?: true | undefined;
}

/** For tests and container images: no flag reaches a daemon that a client starts. */
const IDLE_EXIT_VARIABLE = 'MCP_ANYWHERE_IDLE_EXIT_MS';

export async function runDaemonCommand(
  { io, globals, out }: CliContext,
  { idleExit, fromFolder }: DaemonFlags,
): Promise<ExitCode> {
  const { env, cwd, homeDir, platform, program } = io;
  const paths = resolvePaths(env, platform, homeDir);
  const found = await findHostsFile({ explicit: globals.config, env, cwd, homeDir, paths });
  const idleExitMs = idleExit ?? idleExitOf(env[IDLE_EXIT_VARIABLE]);
  const outcome = await serveAsDaemon({
    ...{ env, cwd, homeDir, version: program.version, logLevel: globals.logLevel ?? 'info' },
    file: found.file,
    source: fromFolder === true ? 'folder' : found.source,
    times: idleExitMs === undefined ? {} : { idleExitMs },
    process,
    stop: io.signal,
  });
  if (outcome.kind === 'served') out.note(`Process ${outcome.pid} already serves ${oneLine(found.file)}.\n`);
  return EXIT.ok;
}

/** Undefined unless the text is a whole number of milliseconds within the range of a timer. */
function idleExitOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}
