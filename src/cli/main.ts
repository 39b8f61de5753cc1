/** The command line from its words to an exit code; every error is reported here. */
import { CommanderError } from 'commander';
import { AnywhereError, asAnywhereError, EXIT, type ExitCode, reportOf } from '../base/errors.ts';
import type { CliContext, CliIo, Run } from './context.ts';
import { createOutput } from './output.ts';
import { createProgram, type Grammar } from './program.ts';
import { errorJson, formatError } from './report.ts';
import { chooseStyle } from './style.ts';

/** The reader of stdout has left (`| head`): there is nothing more to do, and nothing is wrong. */
class ReaderLeft extends Error {}

/** @param argv without node and the program */
export async function runCli(outer: CliIo, argv: readonly string[]): Promise<ExitCode> {
  const reader = watchReader(outer.stdout);
  const io = { ...outer, signal: AbortSignal.any([outer.signal, reader]) };
  try {
    return await execute(io, argv);
  } catch (thrown) {
    return reader.aborted ? EXIT.ok : reportFailure(io, argv, stopReason(io) ?? thrown);
  }
}

async function execute(io: CliIo, argv: readonly string[]): Promise<ExitCode> {
  let exit: ExitCode = EXIT.ok;
  const run: Run = async (command) => {
    exit = await command(contextOf(io, grammar));
  };
  const grammar = createProgram(io, run);
  await grammar.program.parseAsync(argv, { from: 'user' });
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
  if (thrown instanceof CommanderError && thrown.exitCode === 0) return EXIT.ok;
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

/** EPIPE on stdout, as a signal. Anything else that breaks stdout leaves no reader either. */
function watchReader(stdout: NodeJS.WriteStream): AbortSignal {
  const controller = new AbortController();
  stdout.on('error', () => {
    controller.abort(new ReaderLeft('nobody reads stdout any more'));
  });
  return controller.signal;
}
