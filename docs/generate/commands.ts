/** The commands as the program itself defines them, as data for Markdown and the man page. */
import type { Command } from 'commander';
import type { CliIo } from '../../src/cli/context.ts';
import { createProgram } from '../../src/cli/program.ts';
import { code, fenced, prose, table } from './markdown.ts';

export interface CommandDoc {
  /** Without the name of the program: `server add`. */
  readonly name: string;
  readonly usage: string;
  readonly description: string;
  readonly arguments: readonly Term[];
  readonly options: readonly Term[];
  /** The end of its help, mostly examples. */
  readonly after: string;
}

export type Term = readonly [term: string, description: string];

export function createGrammar(): Command {
  const { stdin, stdout, stderr, platform } = process;
  const io: CliIo = {
    ...{ stdin, stdout, stderr, platform, env: {}, cwd: '/', homeDir: '/' },
    program: { node: 'node', file: 'bin.js', version: '0.0.0' },
    signal: new AbortController().signal,
  };
  return createProgram(io, () => Promise.resolve()).program;
}

/** Commands that hold others, such as `server`, are not in the list. */
export function commandDocs(program = createGrammar()): readonly CommandDoc[] {
  return below(program, '');
}

function below(parent: Command, prefix: string): CommandDoc[] {
  const visible = parent.createHelp().visibleCommands(parent);
  return visible.flatMap((command) => {
    const name = `${prefix}${command.name()}`;
    const parts = below(command, `${name} `);
    return parts.length > 0 ? parts : [docOf(command, name)];
  });
}

function docOf(command: Command, name: string): CommandDoc {
  const help = command.createHelp();
  return {
    name,
    usage: `mcp-anywhere ${name} ${command.usage().replace(/^\[options\] ?/, '')}`.trimEnd(),
    description: command.description(),
    arguments: help
      .visibleArguments(command)
      .map((one) => [help.argumentTerm(one), help.argumentDescription(one)] as const),
    options: optionsOf(command),
    after: afterHelp(command),
  };
}

export function optionsOf(command: Command): readonly Term[] {
  const help = command.createHelp();
  return help
    .visibleOptions(command)
    .filter(({ long }) => long !== '--help')
    .map((option) => [help.optionTerm(option), help.optionDescription(option)] as const);
}

/** What a command adds to the end of its help. */
function afterHelp(command: Command): string {
  let text = '';
  const writeOut = (more: string): void => {
    text += more;
  };
  command.configureOutput({ writeOut });
  command.outputHelp();
  return text.slice(command.helpInformation().length).trim();
}

export function commandTable(): string {
  const rows = commandDocs().map(({ name, description }) => [
    `[${code(name)}](#${name.replaceAll(' ', '-')})`,
    prose(description),
  ]);
  return table(['command', 'what it does'], rows);
}

export function commandSections(): string {
  return commandDocs()
    .map((doc) => section(doc))
    .join('\n');
}

export function globalOptions(): string {
  return terms(optionsOf(createGrammar()));
}

function section({ name, usage, description, arguments: words, options, after }: CommandDoc): string {
  const body = `${description.charAt(0).toUpperCase()}${description.slice(1)}.`;
  return [
    `### ${name}\n`,
    `${prose(body)}\n`,
    fenced('text', `${usage}${options.length === 0 ? '' : ' [options]'}`),
    ...(words.length + options.length === 0 ? [] : [terms([...words, ...options])]),
    ...afterParts(after),
  ].join('\n');
}

function terms(list: readonly Term[]): string {
  return list
    .map(([term, description]) => `- ${code(term)}${description === '' ? '' : `: ${prose(description)}`}\n`)
    .join('');
}

/** `Examples:` and its indented lines become code; other text stays. */
function afterParts(text: string): readonly string[] {
  if (text === '') return [];
  const lines = text.split('\n');
  const shown = lines.filter((line) => line.startsWith('  ')).map((line) => line.slice(2));
  const others = lines.filter((line) => !line.startsWith('  ') && line !== 'Examples:' && line !== '').join('\n');
  return [
    ...(shown.length === 0 ? [] : [fenced('sh', shown.join('\n'))]),
    ...(others === '' ? [] : [`${prose(others)}\n`]),
  ];
}
