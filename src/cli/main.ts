/** Runs a command line and returns its exit code. Every error is reported here. */

import { type Command, CommanderError } from 'commander';
import { errnoOf } from '../base/errno.ts';
import {
  AnywhereError,
  asAnywhereError,
  ERROR_CODES,
  type ErrorReport,
  EXIT,
  type ExitCode,
  reportOf,
} from '../base/errors.ts';
import type { CliContext, CliIo, Run } from './context.ts';
import { createOutput, type Output } from './output.ts';
import { createProgram, type Grammar } from './program.ts';
import { errorJson, formatError } from './report.ts';
import { chooseStyle } from './style.ts';
import { withVersionCheck } from './updates.ts';
import { withSynonyms } from './words.ts';

/** @param argv without node and the program */
export async function runCli(outer: CliIo, argv: readonly string[]): Promise<ExitCode> {
  const failed = whenOutputFails(outer.stdout);
  const io = { ...outer, signal: AbortSignal.any([outer.signal, failed]) };
  const color = !argv.includes('--no-color');
  const out = createOutput(io.stdout, io.stderr, chooseStyle({ color, isTTY: io.stdout.isTTY, env: io.env }));
  let exit: ExitCode = EXIT.ok;
  const run: Run = async (command) => {
    exit = await command(await contextOf(io, out, grammar));
  };
  const grammar = createProgram(io, run, argv);
  try {
    await execute(grammar, argv);
    await written(io.stdout);
    failed.throwIfAborted();
    return exit;
  } catch (thrown) {
    // The reader of stdout left (`| head`), which is no failure.
    if (failed.aborted && isBrokenPipe(failed.reason)) return EXIT.ok;
    const call = { io, out, argv, config: grammar.flags().config, program: grammar.program };
    return reportFailure(call, stopReason(io) ?? thrown);
  } finally {
    out.clear();
  }
}

async function execute({ program }: Grammar, argv: readonly string[]): Promise<void> {
  try {
    await program.parseAsync(withVersionCheck(withSynonyms(argv)), { from: 'user' });
  } catch (thrown) {
    // commander ends `--help` and `--version` this way.
    if (!(thrown instanceof CommanderError) || thrown.exitCode !== 0) throw thrown;
  }
}

async function contextOf(io: CliIo, out: Output, grammar: Grammar): Promise<CliContext> {
  const { config, logLevel, json, fields, color } = grammar.flags();
  return {
    io,
    globals: { config, logLevel, json: json === true || fields !== undefined },
    out: fields === undefined ? out : (await import('./fields.ts')).withFields(out, fields),
    style: chooseStyle({ config, color, isTTY: io.stdout.isTTY, env: io.env }),
  };
}

interface Failed {
  readonly io: CliIo;
  readonly out: Output;
  readonly argv: readonly string[];
  readonly config: string | undefined;
  readonly program: Command;
}

function reportFailure({ io, out, argv, config, program }: Failed, thrown: unknown): ExitCode {
  const error = thrown instanceof CommanderError ? usageError(thrown) : asAnywhereError(thrown);
  const style = chooseStyle({ config, color: !argv.includes('--no-color'), isTTY: io.stderr.isTTY, env: io.env });
  const report = withOwnHelp(reportOf(error), program, argv);
  const isJson = argv.includes('--json') || argv.includes('--fields');
  out.note(isJson ? errorJson(report, io.stderr) : formatError(report, style));
  return error.exitCode;
}

/** The help of the command that was called explains more than the list of all commands. */
function withOwnHelp(report: ErrorReport, program: Command, argv: readonly string[]): ErrorReport {
  if (report.hint !== ERROR_CODES.USAGE.hint) return report;
  let called = program;
  const words: string[] = [];
  for (const word of argv) {
    const next = called.commands.find((one) => one.name() === word || one.aliases().includes(word));
    // Only options of the whole program stand before the command.
    if (next === undefined && called !== program) break;
    if (next === undefined) continue;
    called = next;
    words.push(next.name());
  }
  return words.length === 0 ? report : { ...report, hint: `mcp-anywhere ${words.join(' ')} --help` };
}

/** An error of commander is about the words on the command line. */
function usageError({ message }: CommanderError): AnywhereError {
  const [what = message, ...more] = message.replace(/^error: /, '').split('\n');
  return new AnywhereError('USAGE', what, { evidence: more.filter((line) => line !== '') });
}

/** Why the user stopped the command. Whatever was thrown after the stop is a consequence. */
function stopReason({ signal }: CliIo): unknown {
  return signal.aborted ? signal.reason : undefined;
}

/** Aborts when a write to stdout fails, with the failure as its reason. */
function whenOutputFails(stdout: NodeJS.WriteStream): AbortSignal {
  const controller = new AbortController();
  stdout.on('error', (cause: Error) => {
    const text = `The output could not be written completely: ${cause.message}.`;
    controller.abort(new AnywhereError('OUTPUT_FAILED', text, { cause }));
  });
  return controller.signal;
}

/** Resolves when all output has left the process, or has failed. */
function written(stdout: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    stdout.write('', () => {
      resolve();
    });
  });
}

function isBrokenPipe(reason: unknown): boolean {
  return reason instanceof AnywhereError && errnoOf(reason.cause) === 'EPIPE';
}
