/** `daemon`: the one process per hosts file that all clients of a user share. Clients start it by themselves. */
import { EXIT, type ExitCode } from '../base/errors.ts';
import { oneLine } from '../base/harmless.ts';
import { findHostsFile } from '../config/find.ts';
import { resolvePaths } from '../config/paths.ts';
import { serveAsDaemon } from '../daemon/start.ts';
import type { CliContext } from './context.ts';

export interface DaemonFlags {
  /** Leaves after so long without clients, ms. Undefined: its own. */
  readonly idleExit?: number | undefined;
  /** The hosts file was found in a working folder: it must be trusted, although it is named here. */
  readonly fromFolder?: true | undefined;
}

/** In tests and images, where no flag reaches a daemon that a client starts. */
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
  if (outcome.kind === 'served') out.note(`process ${outcome.pid} serves ${oneLine(found.file)} already\n`);
  return EXIT.ok;
}

/** Undefined where it is no whole number of milliseconds that a timer takes. */
function idleExitOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}
