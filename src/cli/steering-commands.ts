/** The commands that steer a daemon or list what runs, and completion, in the command line's grammar. */
import { Argument, type Command } from 'commander';
import type { Shell } from './completion.ts';
import type { Run } from './context.ts';

export function addSteeringCommands(program: Command, run: Run): void {
  program
    .command('restart')
    .description('ends a server, or all of a host, and starts it anew; tries a host that is down')
    .argument('<host|host/server>')
    .addHelpText('after', examples('mcp-anywhere restart gpu1', 'mcp-anywhere restart gpu1/files'))
    .action((target: string) =>
      run(async (context) => await (await import('./restart.ts')).runRestart(context, target)),
    );
  addSwitch(program, run, 'disable', 'takes a server away from all clients, until the daemon ends');
  addSwitch(program, run, 'enable', 'gives a disabled server back');
  program
    .command('reload')
    .description('reads the hosts file again, and says what changed')
    .action(() => run(async (context) => await (await import('./reload.ts')).runReload(context)));
  program
    .command('ps')
    .description('the daemons that run, over all hosts files, and their clients')
    .action(() => run(async (context) => await (await import('./ps.ts')).runPs(context)));
  program
    .command('stop')
    .description('ends the daemon; the next client starts another')
    .option('--now', 'without waiting for calls under way')
    .action(({ now }: { now?: true }) =>
      run(async (context) => await (await import('./stop.ts')).runStop(context, { now: now === true })),
    );
  addCompletion(program, run);
}

function addSwitch(program: Command, run: Run, name: 'enable' | 'disable', description: string): void {
  program
    .command(name)
    .description(description)
    .argument('<host/server>')
    .addHelpText('after', examples(`mcp-anywhere ${name} gpu1/files`))
    .action((target: string) =>
      run(async (context) => await (await import('./switch.ts')).runSwitch(context, target, name === 'enable')),
    );
}

function addCompletion(program: Command, run: Run): void {
  program
    .command('completion')
    .description('completion for your shell, with the names of your hosts and tools')
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
      run(async (context) => await (await import('./complete.ts')).runComplete(context, program, words)),
    );
}

/** What stands below the options of a command's help. */
export function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  ${line}\n`).join('')}`;
}
