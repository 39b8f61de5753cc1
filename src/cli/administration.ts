/** The part of the command line's grammar about the daemon, the hosts file and the shell. */
import { Argument, type Command } from 'commander';
import { AnywhereError, EXIT, type ExitCode } from '../base/errors.ts';
import { confirmed } from './ask.ts';
import type { Shell } from './completion.ts';
import type { ConfigIo, ConfigOptions } from './config.ts';
import { type CliContext, isInteractive, type Run } from './context.ts';
import { commandOf, nearCommand } from './words.ts';

export function addSteeringCommands(program: Command, run: Run): void {
  program
    .command('restart')
    .description('restarts a server or all servers of a host, and connects to a host that is down')
    .argument('<host|host/server>')
    .addHelpText('after', examples('mcp-anywhere restart gpu1', 'mcp-anywhere restart gpu1/files'))
    .action((target: string) => run(async (context) => await (await import('./steer.ts')).runRestart(context, target)));
  addSwitch(program, run, 'disable', 'hides a server from all clients until the daemon ends');
  addSwitch(program, run, 'enable', 'offers a disabled server again');
  program
    .command('reload')
    .description('reads the hosts file now and prints what changed')
    .action(() => run(async (context) => await (await import('./steer.ts')).runReload(context)));
  program
    .command('ps')
    .description('lists your daemons and their clients, for every hosts file')
    .action(() => run(async (context) => await (await import('./ps.ts')).runPs(context)));
  program
    .command('stop')
    .description('stops the daemon; the next client starts a new one')
    .option('--now', 'do not wait for running calls')
    .action(({ now }: { now?: true }) =>
      run(async (context) => await (await import('./steer.ts')).runStop(context, { now: now === true })),
    );
  addCompletion(program, run);
}

interface InstallFlags {
  readonly yes?: true;
  readonly dryRun?: true;
  readonly undo?: true;
}

/** The commands that change the files of AI clients on this machine. */
export function addInstallCommands(program: Command, run: Run): void {
  const add = (name: 'install' | 'uninstall', description: string): Command =>
    program
      .command(name)
      .description(description)
      .argument('[client...]', 'AI clients; without one, those that are on this machine')
      .option('-y, --yes', 'do not ask')
      .option('--dry-run', 'show what would change, and change nothing')
      .action((clients: string[], { yes, dryRun, undo }: InstallFlags) =>
        run(async (context) => {
          const { runInstall } = await import('./install.ts');
          const intent = undo === true ? 'undo' : name;
          return await runInstall(context, intent, clients, { yes: yes === true, dryRun: dryRun === true });
        }),
      );
  add('install', 'adds MCP-Anywhere to AI clients on this machine')
    .option('--undo', 'undo the last change: restore the entry that each file had before')
    .addHelpText('after', examples('mcp-anywhere install', 'mcp-anywhere install cursor codex --yes'));
  add('uninstall', 'removes MCP-Anywhere from AI clients on this machine').addHelpText(
    'after',
    examples('mcp-anywhere uninstall', 'mcp-anywhere uninstall claude-code'),
  );
}

function addSwitch(program: Command, run: Run, name: 'enable' | 'disable', description: string): void {
  program
    .command(name)
    .description(description)
    .argument('<host/server>')
    .addHelpText('after', examples(`mcp-anywhere ${name} gpu1/files`))
    .action((target: string) =>
      run(async (context) => await (await import('./steer.ts')).runSwitch(context, target, name === 'enable')),
    );
}

function addCompletion(program: Command, run: Run): void {
  program
    .command('completion')
    .description('prints shell completion, with the names of your hosts and tools')
    .addArgument(new Argument('<shell>').choices(['bash', 'zsh', 'fish']))
    .addHelpText(
      'after',
      examples('eval "$(mcp-anywhere completion bash)"      # in ~/.bashrc', 'mcp-anywhere completion fish | source'),
    )
    .action((shell: Shell) => run(async (context) => (await import('./completion.ts')).runCompletion(context, shell)));
  program
    .command('__complete', { hidden: true })
    .argument('[words...]')
    .action((words: string[]) =>
      run(async (context) => await (await import('./completion.ts')).runComplete(context, program, words)),
    );
}

/** Of `help`, beside the commands. */
const TOPIC_NAMES = ['exit-codes', 'environment', 'json', 'config'] as const;

/** The value of an option that can be repeated. */
export function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}

/** The last part of a command's help. */
export function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  ${line}\n`).join('')}`;
}

type Work = (io: ConfigIo, options: ConfigOptions) => Promise<ExitCode>;

export function addConfigCommands(program: Command, run: Run): void {
  const config = program
    .command('config')
    .description('shows, checks and trusts the hosts file')
    .action(() => {
      throw unknownCommand(config, config.args[0]);
    });
  const add = (words: string, description: string, load: () => Promise<Work>): Command =>
    config
      .command(words)
      .description(description)
      .action((...given: unknown[]) =>
        run(async (context) => {
          const file = typeof given[0] === 'string' ? given[0] : context.globals.config;
          // Commander passes the options next to last.
          const { yes } = given.at(-2) as { yes?: boolean };
          return await (await load())(configIo(context), { config: file, json: context.globals.json, yes });
        }),
      );
  add('path', 'prints which hosts file is used', async () => (await import('./config.ts')).configPath);
  add(
    'validate [file]',
    'checks the hosts file and names every mistake',
    async () => (await import('./config.ts')).configValidate,
  );
  add(
    'schema',
    'prints the JSON Schema of the hosts file, for editors',
    async () => (await import('./config.ts')).configSchema,
  );
  add(
    'trust [file]',
    'accepts a hosts file from a working folder as it is now',
    async () => (await import('./config.ts')).configTrust,
  ).option('-y, --yes', 'do not ask; needed without a terminal');
  addHelp(config, { hidden: true });
  config.allowExcessArguments();
}

function configIo(context: CliContext): ConfigIo {
  const { stdout, stderr, env, cwd, homeDir, platform } = context.io;
  const confirm = (question: string): Promise<boolean> => confirmed(context, question);
  return {
    stdout,
    stderr,
    env,
    cwd,
    homeDir,
    platform,
    now: Date.now,
    ...(isInteractive(context.io) ? { confirm } : {}),
  };
}

interface HelpOptions {
  readonly hidden?: boolean;
  /** Also answers `help <topic>`. */
  readonly run?: Run;
}

/** Replaces commander's own `help`, which answers an unknown command with a usage text and no reason. */
export function addHelp(parent: Command, { hidden = false, run }: HelpOptions): void {
  parent
    .helpCommand(false)
    .command('help', { hidden })
    .description(run === undefined ? 'shows help for a command' : 'shows help for a command, or for a topic')
    .argument('[command...]', run === undefined ? '' : `a command, or one of ${TOPIC_NAMES.join(', ')}`)
    .action(async (words: string[]) => {
      const topic = words.length === 1 ? TOPIC_NAMES.find((name) => name === words[0]) : undefined;
      // `help config` is the topic, which names the commands below.
      if (run !== undefined && topic !== undefined) {
        await run(async ({ out }) => {
          out.write((await import('./help-topics.ts')).TOPICS[topic]());
          return EXIT.ok;
        });
        return;
      }
      let command = parent;
      for (const word of words) {
        const below = command.commands.find((each) => each.name() === commandOf(word));
        if (below === undefined) throw unknownCommand(command, word);
        command = below;
      }
      command.help();
    });
}

/** @param word stands where a command below `parent` is expected; undefined: no word stands there */
export function unknownCommand(parent: Command, word: string | undefined): AnywhereError {
  const known = parent
    .createHelp()
    .visibleCommands(parent)
    .map((command) => command.name());
  const near = word === undefined ? undefined : nearCommand(word, known);
  const path = parent.parent === null ? '' : `${parent.name()} `;
  const what = word === undefined ? `\`${parent.name()}\` needs a command.` : `There is no command \`${path}${word}\`.`;
  return new AnywhereError('USAGE', near === undefined ? what : `${what} Did you mean \`${path}${near}\`?`, {
    evidence: known.length === 0 ? [] : [`commands: ${known.join(', ')}`],
    hint: `mcp-anywhere ${path}--help`,
  });
}
