/** The part of the command line's grammar about stored secrets, imported servers, and the bundle for a bug report. */
import type { Command } from 'commander';
import { addHelp, collect, examples, unknownCommand } from './administration.ts';
import type { Run } from './context.ts';

interface MoveFlags {
  readonly dryRun?: true;
  readonly yes?: true;
}

interface BundleFlags {
  readonly output?: string;
  readonly print?: true;
  readonly plain?: true;
  readonly yes?: true;
}

interface ImportFlags extends MoveFlags {
  readonly project?: readonly string[];
}

export function addImportCommand(program: Command, run: Run): void {
  program
    .command('import')
    .description('copies the MCP servers of AI clients on this machine into the hosts file')
    .argument('[client...]', 'AI clients; without one, all that are on this machine')
    .option('--project <folder>', 'also the servers of this project; repeat for more', collect)
    .option('--dry-run', 'print the difference and write nothing')
    .option('-y, --yes', 'ask nothing; needs a keychain where an entry holds a secret')
    .addHelpText('after', examples('mcp-anywhere import', 'mcp-anywhere import cursor codex --dry-run'))
    .action((clients: string[], { project = [], dryRun, yes }: ImportFlags) =>
      run(async (context) => {
        const { runImport } = await import('./import.ts');
        return await runImport(context, clients, { projects: project, dryRun: dryRun === true, yes: yes === true });
      }),
    );
}

export function addSupportCommand(program: Command, run: Run): void {
  program
    .command('support-bundle')
    .description('writes an archive for a bug report, without secrets, after showing what is in it')
    .option('-o, --output <file>', 'the archive (default: in the working folder)')
    .option('--print', 'print everything that the archive would hold, and write nothing')
    .option('--plain', 'keep addresses, user names and the home folder')
    .option('-y, --yes', 'do not ask')
    .addHelpText('after', examples('mcp-anywhere support-bundle --print | less', 'mcp-anywhere support-bundle --yes'))
    .action(({ output, print, plain, yes }: BundleFlags) =>
      run(async (context) => {
        const { runSupportBundle } = await import('./support-bundle.ts');
        const options = { output, print: print === true, plain: plain === true, yes: yes === true };
        return await runSupportBundle(context, options);
      }),
    );
}

export function addSecretCommands(program: Command, run: Run): void {
  const secret = program
    .command('secret')
    .description('keeps secrets in the keychain, for ${keychain:name} in the hosts file')
    .action(() => {
      throw unknownCommand(secret, secret.args[0]);
    });
  secret
    .command('set')
    .description('stores a secret: asks for the value, or reads stdin')
    .argument('<name>', 'the name for ${keychain:name}')
    .addHelpText(
      'after',
      examples('mcp-anywhere secret set github', 'pass show github | mcp-anywhere secret set github'),
    )
    .allowExcessArguments()
    .action((name: string, _flags: object, { args }: Command) =>
      run(async (context) => (await import('./secret.ts')).runSecretSet(context, name, args.slice(1))),
    );
  secret
    .command('ls')
    .description('lists the names of stored secrets, and where the hosts file uses them')
    .action(() => run(async (context) => (await import('./secret.ts')).runSecretList(context)));
  secret
    .command('rm')
    .description('removes a stored secret')
    .argument('<name>')
    .option('-y, --yes', 'do not ask where the hosts file uses the secret')
    .action((name: string, { yes }: { yes?: true }) =>
      run(async (context) => (await import('./secret.ts')).runSecretRemove(context, name, yes === true)),
    );
  secret
    .command('move')
    .description('puts the plain-text secrets of the hosts file into the keychain')
    .option('--dry-run', 'print the difference and write nothing')
    .option('-y, --yes', 'do not ask')
    .action(({ dryRun, yes }: MoveFlags) =>
      run(async (context) => {
        const { runSecretMove } = await import('./secret-move.ts');
        return await runSecretMove(context, { dryRun: dryRun === true, yes: yes === true });
      }),
    );
  addHelp(secret, { hidden: true });
  secret.allowExcessArguments();
}
