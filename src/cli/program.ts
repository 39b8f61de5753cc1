/** The command line's grammar (commander). What a command does is loaded when it runs. */
import { Command, InvalidArgumentError, Option } from 'commander';
import { addConfigCommands } from './config-commands.ts';
import type { CliIo, Run } from './context.ts';
import { LOG_LEVELS, type LogLevelName } from './fast-path.ts';
import { unknownCommand } from './unknown-command.ts';

interface GlobalFlags {
  readonly config?: string;
  readonly logLevel?: LogLevelName;
  readonly json?: true;
  readonly color: boolean;
}

export interface Grammar {
  readonly program: Command;
  readonly flags: () => GlobalFlags;
}

export function createProgram(io: CliIo, run: Run): Grammar {
  const program = new Command('mcp-anywhere')
    .description('One MCP server that gives an AI client the MCP servers of every machine you can ssh to.')
    .option('--config <file>', 'the hosts file')
    .addOption(new Option('--log-level <level>', 'what goes to stderr').choices(LOG_LEVELS))
    .option('--json', 'data as JSON, with a schemaVersion')
    .option('--no-color', 'no colours (as does NO_COLOR)')
    .version(io.program.version, '-V, --version')
    .helpCommand(true)
    .showSuggestionAfterError()
    .configureHelp({ showGlobalOptions: true })
    .exitOverride()
    .configureOutput({ writeOut: (text) => io.stdout.write(text), writeErr: () => undefined })
    .action(() =>
      run(async (context) => {
        if (program.args.length > 0) throw unknownCommand(program);
        return await (await import('./start.ts')).runStart(context);
      }),
    );
  addServing(program, io, run);
  addLooking(program, run);
  addCalling(program, run);
  addMending(program, run);
  addConfigCommands(program, run);
  program
    .command('demo')
    .description('a tour on three machines that exist only for its duration')
    .action(() => run(async (context) => await (await import('./demo.ts')).runDemo(context)));
  // Last, as commands inherit it: here a surplus word is a command that does not exist.
  program.allowExcessArguments();
  return { program, flags: () => program.opts<GlobalFlags>() };
}

function addServing(program: Command, io: CliIo, run: Run): void {
  program
    .command('serve')
    .description('MCP on stdin and stdout; without a terminal also the default')
    .option('--in-process', 'everything in this one process, in the foreground')
    .option('--transparent <host/server>', 'only this server, with nothing renamed: for debugging')
    .action(({ transparent }: { transparent?: string }) =>
      run(async ({ globals }) => {
        const { runServe } = await import('./serve.ts');
        return await runServe(io, { config: globals.config, logLevel: globals.logLevel, transparent });
      }),
    );
}

function addLooking(program: Command, run: Run): void {
  program
    .command('status')
    .description('which hosts and servers are up, and why not')
    .action(() => run(async (context) => await (await import('./status.ts')).runStatus(context)));
  program
    .command('tools')
    .description('every tool on offer, by its public name')
    .argument('[host[/server]]', 'only of this one')
    .action((target: string | undefined) =>
      run(async (context) => await (await import('./tools.ts')).runTools(context, target)),
    );
  program
    .command('logs')
    .description('what servers and connections said')
    .argument('[host[/server]]', 'only of this one')
    .option('-f, --follow', 'and what they go on to say')
    .option('-n, --lines <count>', 'how many of the last lines', positiveInteger, 200)
    .action((target: string | undefined, options: { follow?: true; lines: number }) =>
      run(async (context) => {
        const { runLogs } = await import('./logs.ts');
        return await runLogs(context, target, { follow: options.follow === true, lines: options.lines });
      }),
    );
}

function addCalling(program: Command, run: Run): void {
  program
    .command('call')
    .description('calls one tool and prints its answer')
    .argument('<tool>', 'public name, as `tools` prints it')
    .option('-a, --arg <key=value>', "an argument, typed by the tool's inputSchema; repeat it for more", collect, [])
    .option('--json-args <object>', 'all arguments as one JSON object; - reads it from stdin')
    .action((tool: string, options: { arg: string[]; jsonArgs?: string }) =>
      run(async (context) => {
        const { runCall } = await import('./call.ts');
        return await runCall(context, tool, { arg: options.arg, jsonArgs: options.jsonArgs });
      }),
    );
}

function addMending(program: Command, run: Run): void {
  program
    .command('doctor')
    .description('checks every step from the hosts file to each server, with cause and fix')
    .argument('[host]', 'only this one')
    .action((host: string | undefined) =>
      run(async (context) => await (await import('./doctor.ts')).runDoctor(context, host)),
    );
  program
    .command('explain')
    .description('what an error code means, or what is wrong with a host or server')
    .argument('<code|host|host/server>')
    .action((subject: string) =>
      run(async (context) => await (await import('./explain.ts')).runExplain(context, subject)),
    );
  program
    .command('trust')
    .description('accepts the key of a host, and of each machine on the way to it')
    .argument('<host>')
    .option(
      '--fingerprint <SHA256:…>',
      'only the key with this fingerprint; repeat it for machines on the way',
      collect,
      [],
    )
    .option('-y, --yes', 'ask nothing; only with --fingerprint')
    .action((host: string, options: { fingerprint: string[]; yes?: true }) =>
      run(async (context) => {
        const { runTrust } = await import('./trust.ts');
        return await runTrust(context, host, { fingerprint: options.fingerprint, yes: options.yes === true });
      }),
    );
}

function collect(value: string, before: readonly string[]): string[] {
  return [...before, value];
}

function positiveInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('expected a whole number above 0');
  return value;
}
