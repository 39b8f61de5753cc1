/** `serve`: serves one AI client on stdin and stdout. Loads only what the chosen way needs. */
import { asAnywhereError, EXIT, type ExitCode, reportOf } from '../base/errors.ts';
import type { CliIo } from './context.ts';
import type { ServeRequest } from './fast-path.ts';

export interface ServeOptions extends ServeRequest {
  /** `host/server`. */
  readonly transparent?: string | undefined;
}

export async function runServe(io: CliIo, options: ServeOptions): Promise<ExitCode> {
  if (io.stdin.isTTY)
    io.stderr.write('mcp-anywhere waits for an AI client on stdin; AI clients start this command. Ctrl-C ends it.\n');
  // A daemon would need Electron's program as its node, and outlive the app that this program belongs to.
  const isElectron = process.versions['electron'] !== undefined;
  await (options.inProcess || isElectron ? serveHere(io, options) : serveThere(io, options));
  return io.signal.aborted ? EXIT.interrupted : EXIT.ok;
}

/** The same without the rest of the command line: the fast path of AI clients. */
export async function serveClient(io: CliIo, options: ServeOptions): Promise<ExitCode> {
  try {
    return await runServe(io, options);
  } catch (thrown) {
    const error = asAnywhereError(thrown);
    const [{ formatError }, { chooseStyle }] = await Promise.all([import('./report.ts'), import('./style.ts')]);
    io.stderr.write(
      formatError(
        reportOf(error),
        chooseStyle({ config: options.config, color: true, isTTY: io.stderr.isTTY, env: io.env }),
      ),
    );
    return error.exitCode;
  }
}

async function serveHere(io: CliIo, { config, logLevel = 'info', transparent }: ServeOptions): Promise<void> {
  const { serveStdio } = await import('../gateway/serve.ts');
  const { env, cwd, homeDir, stdin: input, stdout: output } = io;
  await serveStdio({
    ...(config === undefined ? {} : { config }),
    env,
    cwd,
    homeDir,
    logLevel,
    transparent,
    input,
    output,
  });
}

async function serveThere(io: CliIo, { config, logLevel, transparent }: ServeOptions): Promise<void> {
  const { serveThroughDaemon } = await import('../shim/serve.ts');
  const { env, cwd, homeDir, program, stdin: input, stdout: output } = io;
  await serveThroughDaemon({ config, logLevel, transparent, env, cwd, homeDir, program, input, output });
}
