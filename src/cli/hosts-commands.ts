/** The part of the command line's grammar that edits the hosts file. */
import type { Command } from 'commander';
import type { ExitCode } from '../base/errors.ts';
import { addHelp, collect, examples, unknownCommand } from './administration.ts';
import type { CliContext, Run } from './context.ts';
import type * as Edits from './hosts-edit.ts';
import type { EditOptions } from './hosts-edit.ts';

interface EditFlags {
  readonly dryRun?: true;
  readonly yes?: true;
}

/** @param argv the whole command line: commander does not say in which order options and words of `server add` stood */
export function addHostsCommands(program: Command, run: Run, argv: readonly string[]): void {
  const add = program
    .command('add')
    .description('adds a machine to the hosts file')
    .argument('<name>', 'an alias of ~/.ssh/config, or any name together with --ssh')
    .option('--ssh <user@address>', 'where the machine is: [user@]address[:port]')
    .option('--tag <tag>', 'a label to group hosts by; repeat for more', collect)
    .addHelpText('after', examples('mcp-anywhere add gpu1', 'mcp-anywhere add nas --ssh me@192.0.2.7:2222 --tag lab'))
    .action((name: string, { ssh, tag = [], ...flags }: EditFlags & { ssh?: string; tag?: string[] }) =>
      run(async (context) =>
        (await import('./hosts-edit.ts')).runAdd(context, { name, ssh, tags: tag }, chosen(flags)),
      ),
    );
  withEditOptions(add);
  addEdit(
    program,
    run,
    { name: 'rm', target: '<host>', says: 'removes a machine and its servers from the hosts file' },
    (edits) => edits.runRemove,
  );
  addServerCommands(program, run, argv);
}

interface EditWords {
  readonly name: string;
  readonly target: string;
  readonly says: string;
}

type RunEdit = (context: CliContext, target: string, options: EditOptions) => Promise<ExitCode>;

/** A command that edits what one name says. */
function addEdit(
  parent: Command,
  run: Run,
  { name, target, says }: EditWords,
  edit: (edits: typeof Edits) => RunEdit,
): void {
  const command = parent
    .command(name)
    .description(says)
    .argument(target)
    .action((given: string, flags: EditFlags) =>
      run(async (context) => edit(await import('./hosts-edit.ts'))(context, given, chosen(flags))),
    );
  withEditOptions(command);
}

function addServerCommands(program: Command, run: Run, argv: readonly string[]): void {
  const server = program
    .command('server')
    .description('adds, removes and switches servers in the hosts file')
    .action(() => {
      throw unknownCommand(server, server.args[0]);
    });
  addServerAdd(server, run, argv);
  const target = '<host/server>';
  addEdit(
    server,
    run,
    { name: 'rm', target, says: 'removes a server from the hosts file' },
    (edits) => edits.runServerRemove,
  );
  addEdit(
    server,
    run,
    { name: 'enable', target, says: 'offers a disabled server again, permanently' },
    ({ runServerSwitch }) =>
      (context, one, options) =>
        runServerSwitch(context, one, true, options),
  );
  addEdit(
    server,
    run,
    { name: 'disable', target, says: 'hides a server from all clients, permanently' },
    ({ runServerSwitch }) =>
      (context, one, options) =>
        runServerSwitch(context, one, false, options),
  );
  addHelp(server, { hidden: true });
  server.allowExcessArguments();
}

function addServerAdd(server: Command, run: Run, argv: readonly string[]): void {
  const add = server
    .command('add')
    .description('adds an MCP server to a machine: a command line, an npm package, a GitHub address, or JSON')
    .argument('<what...>', 'what starts the server; - reads stdin')
    .option('--host <host>', 'the machine; repeat for more')
    .option('--name <name>', 'the name of the server')
    .addHelpText(
      'after',
      `${examples(
        'mcp-anywhere server add npx -y @modelcontextprotocol/server-filesystem /data --host gpu1',
        'mcp-anywhere server add @modelcontextprotocol/server-memory --host nas --host gpu1',
        'mcp-anywhere server add \'{"mcpServers": { … }}\' --host gpu1',
        'mcp-anywhere server add --host gpu1 -- claude mcp add files -e LEVEL=debug -- npx -y some-server',
        'mcp-anywhere server add - --host gpu1 < snippet.json',
      )}
Options of mcp-anywhere stand before the command line or at its end. Put a command line with options of the same names
(--host, --name, --config, --json, -h) into quotes.
`,
    )
    .allowUnknownOption()
    .action(() =>
      run(async (context) => {
        const { words, ...options } = addWords(afterServerAdd(argv));
        return await (await import('./hosts-edit.ts')).runServerAdd(context, words, options);
      }),
    );
  withEditOptions(add);
}

function withEditOptions(command: Command): void {
  command
    .option('--dry-run', 'print the difference and write nothing')
    .option('--yes', 'do not ask, not even about values that look like secrets');
}

function chosen({ dryRun, yes }: { dryRun?: true | undefined; yes?: true | undefined }): EditOptions {
  return { dryRun: dryRun === true, yes: yes === true };
}

function afterServerAdd(words: readonly string[]): readonly string[] {
  const at = words.findIndex((word, index) => word === 'add' && words.slice(0, index).includes('server'));
  return words.slice(at + 1);
}

/** The words of `server add`, apart from our own options. */
export interface AddWords {
  readonly words: readonly string[];
  readonly hosts: readonly string[];
  readonly name: string | undefined;
  readonly dryRun: boolean;
  readonly yes: boolean;
}

/** Options of ours, and whether a value follows. The global ones were read before. */
const OURS: Readonly<Record<string, boolean>> = {
  '--host': true,
  '--name': true,
  '--dry-run': false,
  '--yes': false,
  '--json': false,
  '--no-color': false,
  '--config': true,
  '--log-level': true,
};

/**
 * Our options stand before the command line or at its end, and nothing between is ours: the command line of a server may have
 * options of the same names (`npx --yes`, `docker run --name`). After `--` nothing is ours.
 *
 * @param argv what follows `server add`
 */
export function addWords(argv: readonly string[]): AddWords {
  const [leading, rest] = leadingOptions(argv);
  const isLiteral = rest[0] === '--';
  const [words, trailing] = isLiteral ? [rest.slice(1), []] : trailingOptions(rest);
  const options = [...leading, ...trailing];
  const values = (wanted: string): string[] => options.flatMap(([option, value]) => (option === wanted ? [value] : []));
  return {
    words,
    hosts: values('--host'),
    name: values('--name').at(-1),
    dryRun: values('--dry-run').length > 0,
    yes: values('--yes').length > 0,
  };
}

type Given = readonly [option: string, value: string];

function leadingOptions(argv: readonly string[]): readonly [Given[], readonly string[]] {
  const found: Given[] = [];
  let rest = argv;
  for (;;) {
    const [option = '', value] = (rest[0] ?? '').split(/=(.*)/s);
    const takesValue = OURS[option];
    if (takesValue === undefined) return [found, rest];
    const isApart = takesValue && value === undefined;
    found.push([option, value ?? (isApart ? (rest[1] ?? '') : '')]);
    rest = rest.slice(isApart ? 2 : 1);
  }
}

function trailingOptions(argv: readonly string[]): readonly [readonly string[], Given[]] {
  const found: Given[] = [];
  let words = argv;
  for (;;) {
    const [before = '', last = ''] = words.slice(-2);
    const [option = '', value] = last.split(/=(.*)/s);
    if (OURS[option] === false || (OURS[option] === true && value !== undefined)) {
      found.unshift([option, value ?? '']);
      words = words.slice(0, -1);
    } else if (words.length > 2 && OURS[before] === true) {
      found.unshift([before, last]);
      words = words.slice(0, -2);
    } else return [words, found];
  }
}
