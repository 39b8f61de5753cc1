/** The command line's grammar (commander). The code of a command is loaded when the command runs. */
import { Command, InvalidArgumentError, Option } from 'commander';
import {
  addConfigCommands,
  addHelp,
  addInstallCommands,
  addSteeringCommands,
  collect,
  examples,
  unknownCommand,
} from './administration.ts';
import type { CliIo, Run } from './context.ts';
import type { DaemonFlags } from './daemon.ts';
import { LOG_LEVELS, type LogLevelName } from './fast-path.ts';
import { addHostsCommands } from './hosts-commands.ts';
import { addInitCommand } from './init-command.ts';
import type { LogsOptions } from './logs.ts';
import { addImportCommand, addSecretCommands, addSupportCommand } from './secret-commands.ts';
import type { StatsOptions } from './stats.ts';
import { addVersionCheck } from './updates.ts';
import { addExamples, group } from './words.ts';

interface GlobalFlags {
  readonly config?: string;
  readonly logLevel?: LogLevelName;
  readonly json?: true;
  readonly fields?: string;
  readonly color: boolean;
}

interface LogsFlags {
  readonly follow?: true;
  readonly lines?: number;
  readonly stream: LogsOptions['streams'];
  readonly since?: string;
  readonly grep?: string;
  readonly timestamps?: true;
}

interface CallFlags {
  readonly arg?: string[];
  readonly jsonArgs?: string;
  readonly host?: string;
  readonly output?: string;
  readonly raw?: true;
  readonly quiet?: true;
  readonly fresh?: true;
}

export interface Grammar {
  readonly program: Command;
  readonly flags: () => GlobalFlags;
}

/** @param argv the command line that will be parsed */
export function createProgram(io: CliIo, run: Run, argv: readonly string[] = []): Grammar {
  const program = new Command('mcp-anywhere')
    .description('One MCP server that gives an AI client the MCP servers of every machine you can ssh to.')
    .option('--config <file>', 'the hosts file')
    .addOption(new Option('--log-level <level>', 'how much to log to stderr').choices(LOG_LEVELS))
    .option('--json', 'print data as JSON')
    .option('--fields <names>', 'with --json: only these members, as name,state')
    .option('--no-color', 'no colours, as with NO_COLOR')
    .version(io.program.version, '-V, --version', 'print the version; with --check, also whether a newer one is out')
    .showSuggestionAfterError()
    .configureHelp({ showGlobalOptions: true })
    .exitOverride()
    .configureOutput({ writeOut: (text) => io.stdout.write(text), writeErr: () => undefined })
    .action(() =>
      run(async (context) => {
        if (program.args.length > 0) throw unknownCommand(program, program.args[0]);
        return await (await import('./start.ts')).runStart(context);
      }),
    );
  addInitCommand(program, run);
  addServing(program, io, run);
  addLooking(program, run);
  addLogs(program, run);
  addStats(program, run);
  addCalling(program, run);
  addInstallCommands(program, run);
  addMending(program, run);
  addSteeringCommands(program, run);
  addHostsCommands(program, run, argv);
  addImportCommand(program, run);
  addSecretCommands(program, run);
  addSupportCommand(program, run);
  addConfigCommands(program, run);
  program
    .command('demo')
    .description('shows everything on three machines that exist only for the demo')
    .addHelpText(
      'after',
      '\nOn a terminal, the demo then offers the dashboard on these machines. It reads and writes no file of yours.',
    )
    .action(() => run(async (context) => await (await import('./demo.ts')).runDemo(context)));
  addVersionCheck(program, run);
  addHelp(program, { run });
  group(program);
  addExamples(program);
  // Last, because commands inherit the setting. Here a surplus word is an unknown command.
  program.allowExcessArguments();
  return { program, flags: () => program.opts<GlobalFlags>() };
}

function addServing(program: Command, io: CliIo, run: Run): void {
  program
    .command('serve')
    .description('speaks MCP on stdin and stdout: what AI clients start')
    .option('--in-process', 'run everything in this process, without the daemon')
    .option('--transparent <host/server>', 'offer only this server and rename nothing, for debugging')
    .action(({ inProcess, transparent }: { inProcess?: true; transparent?: string }) =>
      run(async ({ globals }) => {
        const { runServe } = await import('./serve.ts');
        const { config, logLevel } = globals;
        return await runServe(io, { inProcess: inProcess === true, config, logLevel, transparent });
      }),
    );
  program
    .command('daemon')
    .description('runs the process that all AI clients share; clients start it themselves')
    .option('--idle-exit <ms>', 'stop after this time without clients (default: 10 minutes)', milliseconds)
    .addOption(new Option('--from-folder', 'the hosts file was found in a working folder').hideHelp())
    .action((flags: DaemonFlags) =>
      run(async (context) => await (await import('./daemon.ts')).runDaemonCommand(context, flags)),
    );
}

/** The names of the commands are those of the palette (`:` in the dashboard). */
const DASHBOARD_FILE = `
dashboard.yaml beside the user's hosts file changes keys and looks, all optional:
  theme: light                # auto, dark or light
  colors: { warn: "#b35900" } # of good, bad, warn, accent, dim: a name, 0 to 255, or "#rrggbb"
  keys: { quit: [q, ctrl-q] } # by the names that \`:\` lists; [] takes a key away
  mouse: true
  split: false                # no log and calls beside the list
  ascii: true
`;

function addLooking(program: Command, run: Run): void {
  program
    .command('dash')
    .description('opens the dashboard, as does `mcp-anywhere` alone')
    .option('--ascii', 'draw with ASCII characters only')
    .option('--mouse', 'choose and scroll with the mouse; Shift then selects text')
    .addHelpText('after', DASHBOARD_FILE)
    .action(({ ascii = false, mouse = false }: { ascii?: boolean; mouse?: boolean }) =>
      run(async (context) => await (await import('./dash.ts')).runDash(context, { ascii, mouse })),
    );
  program
    .command('status')
    .description('shows which hosts and servers are up, and why others are not')
    .option('-w, --watch', 'keep showing changes until Ctrl-C')
    .action(({ watch }: { watch?: true }) =>
      run(async (context) => {
        const { runStatus, watchStatus } = await import('./status.ts');
        return await (watch === true ? watchStatus(context) : runStatus(context));
      }),
    );
  program
    .command('tools')
    .description('lists every tool, or shows how one is called')
    .argument('[host[/server]|tool]', 'only the tools of this host or server; or one tool, in full')
    .addHelpText('after', examples('mcp-anywhere tools gpu1/files', 'mcp-anywhere tools gpu1__files__read_file'))
    .action((target: string | undefined) =>
      run(async (context) => await (await import('./tools.ts')).runTools(context, target)),
    );
}

function addLogs(program: Command, run: Run): void {
  program
    .command('logs')
    .description('shows what servers and connections wrote')
    .argument('[host[/server]]', 'only the log of this host or server')
    .option('-f, --follow', 'keep printing new lines until Ctrl-C')
    .option('-n, --lines <count>', 'the number of last lines (default: 200; with --since all)', positiveInteger)
    .option('--since <time>', 'only lines of the last 30s, 10m, 1h30m or 2d, or since a time as -t prints it')
    .option(
      '--grep <pattern>',
      'only lines that match this regular expression; without capitals it ignores case; given up after 2 s',
    )
    .option('-t, --timestamps', 'whole times in UTC; otherwise your local time of day')
    .addOption(
      new Option('--stream <name...>', 'only these streams')
        .choices(['stderr', 'stdout-noise', 'protocol', 'bridge', 'ssh'])
        .default([], 'all'),
    )
    .addHelpText(
      'after',
      examples('mcp-anywhere logs -f gpu1/files', 'mcp-anywhere logs gpu1 --since 10m --grep "timed? ?out|refused"'),
    )
    .action((target: string | undefined, { follow, timestamps, lines, stream: streams, since, grep }: LogsFlags) =>
      run(async (context) => {
        const { runLogs } = await import('./logs.ts');
        const isGiven = { follow: follow === true, timestamps: timestamps === true };
        return await runLogs(context, target, { ...isGiven, lines, streams, since, grep });
      }),
    );
}

function addStats(program: Command, run: Run): void {
  program
    .command('stats')
    .description('shows calls, errors, latencies and bytes')
    .addOption(
      new Option('--by <what>', 'one row for each').choices(['tool', 'server', 'host', 'client']).default('tool'),
    )
    .addOption(new Option('--window <time>', 'the time up to now').choices(['hour', 'day']).default('hour'))
    .action((options: StatsOptions) =>
      run(async (context) => await (await import('./stats.ts')).runStats(context, options)),
    );
}

function addCalling(program: Command, run: Run): void {
  program
    .command('call')
    .description('calls a tool and prints its answer')
    .argument('<tool>', 'public name, as `tools` prints it')
    .option(
      '-a, --arg <key=value>',
      "an argument, typed by the tool's inputSchema; @file and @- read a file and stdin, @@ begins a text with @; repeat for more",
      collect,
    )
    .option('--json-args <object>', 'all arguments as one JSON object; - reads stdin')
    .option('--host <host>', 'the member of a pool that runs the tool')
    .option('-o, --output <file>', 'write images and other binary parts, or else the text, to this file')
    .option('--raw', 'print the result as the server wrote it')
    .option('-q, --quiet', 'show no progress')
    .option('--fresh', 'start anew: end the session that the daemon keeps for this shell, and its servers with it')
    .addHelpText(
      'after',
      `${examples(
        'mcp-anywhere call gpu1__files__read_file --arg path=/data/notes.txt',
        'mcp-anywhere call gpu1__files__write_file --arg path=/tmp/a.txt --arg content=@a.txt',
        'mcp-anywhere call gpu1__plots__draw --output plot.png',
      )}\nHow a tool is called: mcp-anywhere call <tool> --help\n`,
    )
    .action((tool: string, { arg = [], jsonArgs, host, output, raw, quiet, fresh }: CallFlags) =>
      run(async (context) => {
        const { runCall } = await import('./call.ts');
        const flags = { raw: raw === true, quiet: quiet === true, fresh: fresh === true };
        return await runCall(context, tool, { arg, jsonArgs, host, output, ...flags });
      }),
    );
}

function addMending(program: Command, run: Run): void {
  program
    .command('doctor')
    .description('checks every step from this machine to each server, and says how to fix what is wrong')
    .argument('[host]', 'only this host')
    .option(
      '--fix',
      'mend what is safe: file modes, leftovers of dead daemons, entries of AI clients, keys for the agent',
    )
    .option('--check', 'also ask npm whether a newer version is out')
    .option('-v, --verbose', 'show every step; without it a terminal folds what passed')
    .action((host: string | undefined, { fix, check, verbose }: { fix?: true; check?: true; verbose?: true }) =>
      run(async (context) => {
        const { runDoctor } = await import('./doctor.ts');
        return await runDoctor(context, host, { fix: fix === true, check: check === true, verbose: verbose === true });
      }),
    );
  program
    .command('explain')
    .description('explains an error code, or the state of a host, pool or server')
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
      'accept only the key with this fingerprint; repeat for machines on the way',
      collect,
    )
    .option('-y, --yes', 'do not ask; needs --fingerprint')
    .action((host: string, { fingerprint = [], yes }: { fingerprint?: string[]; yes?: true }) =>
      run(async (context) => {
        const { runTrust } = await import('./trust.ts');
        return await runTrust(context, host, { fingerprint, yes: yes === true });
      }),
    );
}

function milliseconds(text: string): number {
  const value = Number(text);
  // The limit of a timer.
  if (!Number.isSafeInteger(value) || value < 0 || value >= 2 ** 31)
    throw new InvalidArgumentError('expected a whole number of milliseconds');
  return value;
}

function positiveInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('expected a whole number above 0');
  return value;
}
