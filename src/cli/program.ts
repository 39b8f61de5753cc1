/** The command line's grammar (commander). What a command does is loaded when it runs. */
import { Command, InvalidArgumentError, Option } from 'commander';
import { addConfigCommands, addSteeringCommands, examples, unknownCommand } from './administration.ts';
import type { CliIo, Run } from './context.ts';
import type { DaemonFlags } from './daemon.ts';
import { LOG_LEVELS, type LogLevelName } from './fast-path.ts';
import type { LogsOptions } from './logs.ts';
import type { StatsOptions } from './stats.ts';

interface GlobalFlags {
  readonly config?: string;
  readonly logLevel?: LogLevelName;
  readonly json?: true;
  readonly color: boolean;
}

interface LogsFlags {
  readonly follow?: true;
  readonly lines: number;
  readonly stream: LogsOptions['streams'];
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
  addSteeringCommands(program, run);
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
    .action(({ inProcess, transparent }: { inProcess?: true; transparent?: string }) =>
      run(async ({ globals }) => {
        const { runServe } = await import('./serve.ts');
        const { config, logLevel } = globals;
        return await runServe(io, { inProcess: inProcess === true, config, logLevel, transparent });
      }),
    );
  program
    .command('daemon')
    .description('the process that all clients share; they start it by themselves')
    .option('--idle-exit <ms>', 'leave after so long without clients (default: 10 minutes)', milliseconds)
    .addOption(new Option('--from-folder', 'the hosts file was found in a working folder').hideHelp())
    .action((flags: DaemonFlags) =>
      run(async (context) => await (await import('./daemon.ts')).runDaemonCommand(context, flags)),
    );
}

function addLooking(program: Command, run: Run): void {
  program
    .command('dash')
    .description('the dashboard; in a terminal also the default')
    .option('--ascii', 'nothing but ASCII on the screen')
    .action(({ ascii }: { ascii?: true }) =>
      run(async (context) => await (await import('./dash.ts')).runDash(context, { ascii: ascii === true })),
    );
  program
    .command('status')
    .description('which hosts and servers are up, and why not')
    .option('-w, --watch', 'and again whenever something changes, until Ctrl-C')
    .action(({ watch }: { watch?: true }) =>
      run(async (context) => {
        const { runStatus, watchStatus } = await import('./status.ts');
        return await (watch === true ? watchStatus(context) : runStatus(context));
      }),
    );
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
    .addOption(
      new Option('--stream <name...>', 'only of these')
        .choices(['stderr', 'stdout-noise', 'protocol', 'bridge', 'ssh'])
        .default([], 'all'),
    )
    .addHelpText('after', examples('mcp-anywhere logs -f gpu1/files', 'mcp-anywhere logs gpu1 --stream ssh'))
    .action((target: string | undefined, { follow, lines, stream: streams }: LogsFlags) =>
      run(async (context) => {
        const { runLogs } = await import('./logs.ts');
        return await runLogs(context, target, { follow: follow === true, lines, streams });
      }),
    );
  program
    .command('stats')
    .description('what was called how often, and how fast it was')
    .addOption(
      new Option('--by <what>', 'a row for each').choices(['tool', 'server', 'host', 'client']).default('tool'),
    )
    .addOption(new Option('--window <time>', 'until now').choices(['hour', 'day']).default('hour'))
    .action((options: StatsOptions) =>
      run(async (context) => await (await import('./stats.ts')).runStats(context, options)),
    );
}

function addCalling(program: Command, run: Run): void {
  program
    .command('call')
    .description('calls one tool and prints its answer')
    .argument('<tool>', 'public name, as `tools` prints it')
    .option('-a, --arg <key=value>', "an argument, typed by the tool's inputSchema; repeat it for more", collect, [])
    .option('--json-args <object>', 'all arguments as one JSON object; - reads it from stdin')
    .option('--host <host>', "of a pool's tool: the member on this host")
    .addHelpText('after', examples('mcp-anywhere call gpu1__files__read_file --arg path=/data/notes.txt'))
    .action((tool: string, options: { arg: string[]; jsonArgs?: string; host?: string }) =>
      run(async (context) => {
        const { runCall } = await import('./call.ts');
        return await runCall(context, tool, { arg: options.arg, jsonArgs: options.jsonArgs, host: options.host });
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
    .argument('<code|host|pool|host/server>')
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

function milliseconds(text: string): number {
  const value = Number(text);
  // A timer takes no more.
  if (!Number.isSafeInteger(value) || value < 0 || value >= 2 ** 31)
    throw new InvalidArgumentError('expected a whole number of milliseconds');
  return value;
}

function positiveInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('expected a whole number above 0');
  return value;
}
