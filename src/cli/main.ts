/** The command line from its words to an exit code; every error is reported here. */
import { CommanderError } from 'commander';
import { AnywhereError, asAnywhereError, EXIT, type ExitCode, reportOf } from '../base/errors.ts';
import type { CliContext, CliIo, Run } from './context.ts';
import { createOutput } from './output.ts';
import { createProgram, type Grammar } from './program.ts';
import { errorJson, formatError } from './report.ts';
import { chooseStyle } from './style.ts';

/** @param argv without node and the program */
export async function runCli(outer: CliIo, argv: readonly string[]): Promise<ExitCode> {
  const output = watchOutput(outer.stdout);
  const io = { ...outer, signal: AbortSignal.any([outer.signal, output]) };
  try {
    const exit = await execute(io, argv);
    await written(outer.stdout);
    output.throwIfAborted();
    return exit;
  } catch (thrown) {
    // The reader of stdout has left (`| head`): there is nothing more to do, and nothing is wrong.
    if (output.aborted && isBrokenPipe(output.reason)) return EXIT.ok;
    return reportFailure(io, argv, stopReason(io) ?? thrown);
  }
}

async function execute(io: CliIo, argv: readonly string[]): Promise<ExitCode> {
  let exit: ExitCode = EXIT.ok;
  const run: Run = async (command) => {
    exit = await command(contextOf(io, grammar));
  };
  const grammar = createProgram(io, run);
  try {
    await grammar.program.parseAsync(argv, { from: 'user' });
  } catch (thrown) {
    // commander ends `--help` and `--version` this way.
    if (!(thrown instanceof CommanderError) || thrown.exitCode !== 0) throw thrown;
  }
  return exit;
}

function contextOf(io: CliIo, grammar: Grammar): CliContext {
  const { config, logLevel, json, color } = grammar.flags();
  return {
    io,
    globals: { config, logLevel, json: json === true },
    out: createOutput(io.stdout, io.stderr),
    style: chooseStyle({ color, isTTY: io.stdout.isTTY, env: io.env }),
  };
}

function reportFailure(io: CliIo, argv: readonly string[], thrown: unknown): ExitCode {
  const error = thrown instanceof CommanderError ? usageError(thrown) : asAnywhereError(thrown);
  const style = chooseStyle({ color: !argv.includes('--no-color'), isTTY: io.stderr.isTTY, env: io.env });
  io.stderr.write(
    argv.includes('--json') ? errorJson(reportOf(error), io.stderr) : formatError(reportOf(error), style),
  );
  return error.exitCode;
}

/** Commander's own errors are about the words on the command line. */
function usageError({ message }: CommanderError): AnywhereError {
  const [what = message, ...more] = message.replace(/^error: /, '').split('\n');
  return new AnywhereError('USAGE', what, { evidence: more.filter((line) => line !== '') });
}

/** When the user stopped it, whatever was thrown is only a consequence. */
function stopReason({ signal }: CliIo): unknown {
  return signal.aborted ? signal.reason : undefined;
}

/** Aborts when stdout takes no more, with what it said. */
function watchOutput(stdout: NodeJS.WriteStream): AbortSignal {
  const controller = new AbortController();
  stdout.on('error', (cause: Error) => {
    const text = `Not everything could be written to stdout: ${cause.message}.`;
    controller.abort(new AnywhereError('OUTPUT_FAILED', text, { cause }));
  });
  return controller.signal;
}

/** Resolves when all output has left the process, or cannot. */
function written(stdout: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    stdout.write('', () => {
      resolve();
    });
  });
}

function isBrokenPipe(reason: unknown): boolean {
  const cause = reason instanceof AnywhereError ? reason.cause : undefined;
  return cause instanceof Error && 'code' in cause && cause.code === 'EPIPE';
}
