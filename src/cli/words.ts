/** The words of the command line: how commands are grouped in the help, and other words for them. */
import type { Command } from 'commander';
import { nearMiss } from '../config/near-miss.ts';

/** In the order in which a person needs them. */
const GROUPS: Readonly<Record<string, readonly string[]>> = {
  'Start:': ['init', 'install', 'uninstall', 'import', 'demo'],
  'Look:': ['dash', 'status', 'tools', 'logs', 'stats', 'explain', 'doctor', 'support-bundle'],
  'Do:': ['call', 'restart', 'enable', 'disable', 'trust'],
  'Daemon:': ['serve', 'daemon', 'ps', 'reload', 'stop'],
  'Hosts file:': ['add', 'rm', 'server', 'secret', 'config'],
  'Shell:': ['completion', 'help'],
};

/** Words that stand for a command. */
const SYNONYMS: Readonly<Record<string, string>> = {
  ls: 'tools',
  list: 'tools',
  hosts: 'status',
  dashboard: 'dash',
  up: 'daemon',
};

/** Words of other programs, for the question "did you mean …?". They do not run anything. */
const MEANT: Readonly<Record<string, string>> = {
  check: 'doctor',
  connect: 'dash',
  delete: 'rm',
  diagnose: 'doctor',
  down: 'stop',
  exec: 'call',
  invoke: 'call',
  kill: 'stop',
  log: 'logs',
  new: 'add',
  quit: 'stop',
  remove: 'rm',
  run: 'call',
  secrets: 'secret',
  servers: 'status',
  setup: 'init',
  start: 'daemon',
  test: 'doctor',
  tool: 'tools',
  tui: 'dash',
  ui: 'dash',
};

/** Options with a value that can stand before the command. */
const WITH_VALUE = ['--config', '--log-level', '--fields'];

const CALL_VALUES = [...WITH_VALUE, '-a', '--arg', '--json-args', '--host', '-o', '--output'];

/** Of commands that show none of their own. */
const EXAMPLES: Readonly<Record<string, readonly string[]>> = {
  dash: ['mcp-anywhere dash', 'mcp-anywhere dash --mouse', 'mcp-anywhere dash --ascii'],
  status: ['mcp-anywhere status', 'mcp-anywhere status --watch', 'mcp-anywhere status --json --fields name,state'],
  stats: ['mcp-anywhere stats', 'mcp-anywhere stats --by host --window day'],
  explain: ['mcp-anywhere explain gpu1', 'mcp-anywhere explain AUTH_FAILED'],
  doctor: ['mcp-anywhere doctor', 'mcp-anywhere doctor gpu1', 'mcp-anywhere doctor --fix'],
  demo: ['mcp-anywhere demo'],
  trust: ['mcp-anywhere trust gpu1', 'mcp-anywhere trust gpu1 --fingerprint SHA256:… --yes'],
  serve: ['mcp-anywhere serve --in-process', 'mcp-anywhere serve --transparent gpu1/files --in-process'],
  daemon: ['mcp-anywhere daemon --idle-exit 60000'],
  ps: ['mcp-anywhere ps', 'mcp-anywhere ps --json'],
  reload: ['mcp-anywhere reload'],
  stop: ['mcp-anywhere stop', 'mcp-anywhere stop --now'],
  rm: ['mcp-anywhere rm gpu1', 'mcp-anywhere rm gpu1 --dry-run'],
  help: ['mcp-anywhere help call', 'mcp-anywhere help exit-codes', 'mcp-anywhere help json'],
  'server rm': ['mcp-anywhere server rm gpu1/files'],
  'server enable': ['mcp-anywhere server enable gpu1/files'],
  'server disable': ['mcp-anywhere server disable gpu1/files'],
  'secret ls': ['mcp-anywhere secret ls'],
  'secret rm': ['mcp-anywhere secret rm gpu1'],
  'secret move': ['mcp-anywhere secret move --dry-run', 'mcp-anywhere secret move'],
  'config path': ['mcp-anywhere config path'],
  'config validate': ['mcp-anywhere config validate', 'mcp-anywhere config validate other.yaml'],
  'config schema': ['mcp-anywhere config schema > hosts.schema.json'],
  'config trust': ['mcp-anywhere config trust'],
};

/** Adds examples to the help of each command that has none. */
export function addExamples(parent: Command, prefix = ''): void {
  for (const command of parent.commands) {
    const name = prefix + command.name();
    const lines = Object.hasOwn(EXAMPLES, name) ? EXAMPLES[name] : undefined;
    if (lines !== undefined)
      command.addHelpText('after', `\nExamples:\n${lines.map((line) => `  ${line}\n`).join('')}`);
    addExamples(command, `${name} `);
  }
}

/** Puts each command into its group; the groups come in their own order. */
export function group(program: Command): void {
  const order = Object.values(GROUPS).flat();
  const rank = (command: Command): number => order.indexOf(command.name());
  for (const [heading, names] of Object.entries(GROUPS))
    for (const command of program.commands.filter((each) => names.includes(each.name()))) command.helpGroup(heading);
  // commander lists the groups as their first members come.
  (program.commands as Command[]).sort((a, b) => rank(a) - rank(b));
}

/** The command line with the command in place of a synonym, and `--version` in place of `version` and of a `-v` at the start. */
export function withSynonyms(argv: readonly string[]): readonly string[] {
  const at = commandAt(argv);
  const word = argv[at] ?? '';
  const versionAt = argv.slice(0, at).indexOf('-v');
  if (versionAt !== -1) return argv.with(versionAt, '--version');
  if (word === 'version') return argv.with(at, '--version');
  if (word === 'call') return withToolHelp(argv, at);
  return Object.hasOwn(SYNONYMS, word) ? argv.with(at, SYNONYMS[word] ?? word) : argv;
}

/** `call <tool> --help` is about the tool, as `tools <tool>` is. */
function withToolHelp(argv: readonly string[], at: number): readonly string[] {
  const rest = argv.slice(at + 1);
  if (!rest.some((word) => word === '--help' || word === '-h')) return argv;
  const tool = rest[commandAt(rest, CALL_VALUES)];
  if (tool === undefined) return argv;
  const kept = rest.flatMap((word, index) => {
    if (word === '--json' || word === '--no-color') return [word];
    return WITH_VALUE.includes(word) ? [word, rest[index + 1] ?? ''] : [];
  });
  return [...argv.slice(0, at), 'tools', tool, ...kept];
}

/** Of a word after `help`, too. */
export function commandOf(word: string): string {
  return Object.hasOwn(SYNONYMS, word) ? (SYNONYMS[word] ?? word) : word;
}

/** Where the first word stands that is no option; the length where there is none. */
function commandAt(argv: readonly string[], withValue = WITH_VALUE): number {
  for (let at = 0; at < argv.length; at += 1) {
    const word = argv[at] ?? '';
    if (withValue.includes(word)) at += 1;
    else if (!word.startsWith('-')) return at;
  }
  return argv.length;
}

/** The command that somebody meant. */
export function nearCommand(word: string, known: readonly string[]): string | undefined {
  const meant = [SYNONYMS, MEANT].map((words) => (Object.hasOwn(words, word) ? words[word] : undefined));
  return meant.find((command) => command !== undefined && known.includes(command)) ?? nearMiss(word, known);
}
