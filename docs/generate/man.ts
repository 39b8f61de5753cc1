/** The man page, in the macros of man(7). */
import { EXIT } from '../../src/base/errors.ts';
import { type CommandDoc, commandDocs, createGrammar, optionsOf, type Term } from './commands.ts';
import { EXIT_MEANINGS } from './errors.ts';

export function manPage(version: string): string {
  const program = createGrammar();
  const lines = [
    '.\\" made by `npm run docs`',
    `.TH MCP\\-ANYWHERE 1 "" "mcp\\-anywhere ${roff(version)}" "User Commands"`,
    '.SH NAME',
    'mcp\\-anywhere \\- the MCP servers of every machine you can ssh to, as one MCP server',
    '.SH SYNOPSIS',
    '.B mcp\\-anywhere',
    '.RI [ command ]\n.RI [ options ]',
    '.SH DESCRIPTION',
    roff(program.description()),
    'MCP\\-Anywhere reads a hosts file, opens an SSH connection to each machine, and starts its MCP servers inside that',
    'connection. Without a command,',
    '.B mcp\\-anywhere',
    'speaks MCP on stdin and stdout; in a terminal it opens the dashboard.',
    '.SH COMMANDS',
    ...commandDocs(program).flatMap(command),
    '.SH OPTIONS OF EVERY COMMAND',
    ...optionsOf(program).flatMap(item),
    ...item(['-h, --help', 'display help for command']),
    '.SH FILES',
    ...FILES.flatMap(item),
    '.SH ENVIRONMENT',
    ...ENVIRONMENT.flatMap(item),
    '.SH EXIT STATUS',
    ...Object.entries(EXIT).flatMap(([name, exit]) => item([String(exit), EXIT_MEANINGS[name as keyof typeof EXIT]])),
    '.SH EXAMPLES',
    ...EXAMPLES.flatMap(([what, line]) => [roff(`${what}:`), '.PP', '.nf', `.RS\n${roff(line)}`, '.RE', '.fi', '.PP']),
    '.SH SEE ALSO',
    '.BR ssh (1),',
    '.BR ssh_config (5)',
  ];
  return `${lines.join('\n')}\n`;
}

const FILES: readonly Term[] = [
  ['~/.config/mcp-anywhere/config.yaml', 'the hosts file, unless --config or MCP_ANYWHERE_CONFIG names another one'],
  ['mcp-anywhere.config.yaml, .mcp-anywhererc', 'a hosts file in a working folder or above, once you trust the file'],
  ['~/.local/state/mcp-anywhere/logs', 'what servers and connections wrote'],
  ['~/.local/state/mcp-anywhere/daemon', 'the log of the daemon, and its crash reports'],
  ['~/.cache/mcp-anywhere', 'the lists of servers, as they were last'],
];

const ENVIRONMENT: readonly Term[] = [
  ['MCP_ANYWHERE_CONFIG', 'the hosts file'],
  ['XDG_CONFIG_HOME, XDG_CACHE_HOME, XDG_STATE_HOME, XDG_RUNTIME_DIR', 'folders in place of those above'],
  ['SSH_AUTH_SOCK', 'the ssh agent'],
  ['SSH_ASKPASS', 'the program that asks for passphrases and codes where there is no terminal'],
  ['NO_COLOR', 'no colours'],
];

const EXAMPLES: readonly (readonly [what: string, line: string])[] = [
  ['Name a machine', 'mcp-anywhere add gpu1'],
  [
    'Add a server to the machine',
    'mcp-anywhere server add npx -y @modelcontextprotocol/server-filesystem /data --host gpu1',
  ],
  ['Check every step', 'mcp-anywhere doctor'],
  ['Add MCP-Anywhere to the AI clients of this machine', 'mcp-anywhere install'],
];

function command({ usage, description, arguments: words, options, after }: CommandDoc): string[] {
  const text = after.split('\n').filter((line) => line !== '' && !line.startsWith('  ') && line !== 'Examples:');
  return [
    '.SS',
    roff(usage),
    `${roff(description)}.`,
    ...[...words.filter(([, meaning]) => meaning !== ''), ...options].flatMap(item),
    ...(text.length === 0 ? [] : ['.PP', ...text.map(roff)]),
  ];
}

function item([term, description]: Term): string[] {
  return ['.TP', `.B ${roff(term)}`, roff(description)];
}

/** Text that no macro or escape can start in. */
function roff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('…', '...')
    .replaceAll('`', '')
    .replaceAll(/^(['.])/gm, '\\&$1');
}
