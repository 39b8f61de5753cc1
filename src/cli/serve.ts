/** `serve`: one AI client on stdin and stdout, until either side ends it. */
import { asAnywhereError, EXIT, type ExitCode, reportOf } from '../base/errors.ts';
import { serveStdio } from '../gateway/serve.ts';
import type { CliIo } from './context.ts';
import type { LogLevelName } from './fast-path.ts';
import { formatError } from './report.ts';
import { chooseStyle } from './style.ts';

export interface ServeOptions {
  readonly config: string | undefined;
  /** Undefined: info. AI clients keep what comes on stderr as the server's log. */
  readonly logLevel: LogLevelName | undefined;
  /** `host/server`. */
  readonly transparent?: string | undefined;
}

export async function runServe(io: CliIo, { config, logLevel = 'info', transparent }: ServeOptions): Promise<ExitCode> {
  if (io.stdin.isTTY) io.stderr.write('mcp-anywhere speaks MCP here; AI clients start it like this. Ctrl-C ends it.\n');
  await serveStdio({
    ...(config === undefined ? {} : { config }),
    env: io.env,
    cwd: io.cwd,
    homeDir: io.homeDir,
    logLevel,
    transparent,
    input: io.stdin,
    output: io.stdout,
  });
  return io.signal.aborted ? EXIT.interrupted : EXIT.ok;
}

/** The same without the rest of the command line around it: how AI clients start the program. */
export async function serveClient(io: CliIo, options: ServeOptions): Promise<ExitCode> {
  try {
    return await runServe(io, options);
  } catch (thrown) {
    const error = asAnywhereError(thrown);
    io.stderr.write(formatError(reportOf(error), chooseStyle({ color: true, isTTY: io.stderr.isTTY, env: io.env })));
    return error.exitCode;
  }
}
