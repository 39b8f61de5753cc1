/** The grammar of `init`. */
import type { Command } from 'commander';
import { collect, examples } from './administration.ts';
import type { Run } from './context.ts';

interface InitFlags {
  readonly hosts?: readonly string[];
  readonly yes?: true;
  /** True where no client is named. */
  readonly install?: readonly string[] | true;
  readonly dryRun?: true;
}

export function addInitCommand(program: Command, run: Run): void {
  program
    .command('init')
    .description('the first steps: picks machines, checks them, offers servers, and writes the hosts file')
    .option('--hosts <a,b>', 'aliases of ~/.ssh/config or [user@]address[:port]; repeat for more', words)
    .option(
      '-y, --yes',
      'ask nothing: the usual servers, and what AI clients on the hosts configure; trusts no host key',
    )
    .option(
      '--install [client...]',
      'add MCP-Anywhere to these AI clients; without one, to those that are on this machine',
    )
    .option('--dry-run', 'check the hosts, print the difference and write nothing')
    .addHelpText(
      'after',
      examples(
        'mcp-anywhere init',
        'mcp-anywhere init --hosts gpu1,nas --yes --install',
        'mcp-anywhere init --hosts me@192.0.2.7:2222',
      ),
    )
    .action(({ hosts, yes, install, dryRun }: InitFlags) =>
      run(async (context) =>
        (await import('./init.ts')).runInitCommand(context, {
          hosts,
          yes: yes === true,
          install: install === true ? [] : install,
          dryRun: dryRun === true,
        }),
      ),
    );
}

function words(value: string, before: readonly string[] = []): string[] {
  return value
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '')
    .reduce<string[]>((all, word) => collect(word, all), [...before]);
}
