/** Which words can stand at the end of a command line. Pure: names are handed in, and only looked up where they matter. */
import type { Command, Option } from 'commander';
import { ERROR_CODES } from '../base/errors.ts';

/** Names that depend on the hosts file. */
export interface Names {
  readonly hosts: readonly string[];
  readonly servers: readonly string[];
  readonly tools: readonly string[];
}

/** What can stand there: words, or the name of a file. */
export interface Candidates {
  readonly words: readonly string[];
  readonly files: boolean;
}

const NOTHING: Candidates = { words: [], files: false };

/** Where on the command line its end is. */
interface Position {
  /** The command that is spoken to: the program, or one below it. */
  readonly command: Command;
  /** Words of it that are neither options nor their values. */
  readonly given: number;
  /** The option whose value is being written. */
  readonly option: Option | undefined;
}

/**
 * @param words behind the program's name; the last is the one that is being written, and may be empty
 * @param names asked at the most once
 */
export async function candidatesFor(
  program: Command,
  words: readonly string[],
  names: () => Promise<Names>,
): Promise<Candidates> {
  const current = words.at(-1) ?? '';
  const position = positionAt(program, words.slice(0, -1));
  const { words: all, files } = await possible(position, current, names);
  return { words: all.filter((word) => word.startsWith(current)), files };
}

/** The value of `--config`, where one is given before the last word. */
export function configIn(words: readonly string[]): string | undefined {
  const at = words.lastIndexOf('--config', -2);
  return at === -1 || at + 1 >= words.length - 1 ? undefined : words[at + 1];
}

function positionAt(program: Command, words: readonly string[]): Position {
  let position: Position = { command: program, given: 0, option: undefined };
  for (const word of words) position = after(position, word);
  return position;
}

function after({ command, given, option }: Position, word: string): Position {
  if (option !== undefined) return { command, given, option: undefined };
  if (word.startsWith('-')) return { command, given, option: takingValue(command, word) };
  const below = command.commands.find((one) => one.name() === word);
  return below === undefined || given > 0
    ? { command, given: given + 1, option: undefined }
    : { command: below, given: 0, option: undefined };
}

function takingValue(command: Command, word: string): Option | undefined {
  return optionsOf(command).find(
    ({ long, short, required, optional }) => (long === word || short === word) && (required || optional),
  );
}

async function possible(
  { command, given, option }: Position,
  current: string,
  names: () => Promise<Names>,
): Promise<Candidates> {
  if (option !== undefined) return await ofKind(option.flags, option.argChoices, names);
  if (current.startsWith('-')) return { words: optionsOf(command).flatMap(({ long }) => long ?? []), files: false };
  const below =
    given === 0
      ? command
          .createHelp()
          .visibleCommands(command)
          .map((one) => one.name())
      : [];
  if (below.length > 0) return { words: below, files: false };
  const argument = command.registeredArguments[given];
  return argument === undefined ? NOTHING : await ofKind(argument.name(), argument.argChoices, names);
}

/** @param text how the help names the value, like `host[/server]` */
async function ofKind(
  text: string,
  choices: readonly string[] | undefined,
  names: () => Promise<Names>,
): Promise<Candidates> {
  if (choices !== undefined) return { words: choices, files: false };
  if (/\bfile\b/.test(text)) return { words: [], files: true };
  if (!/\b(host|server|tool)\b/.test(text)) return NOTHING;
  const { hosts, servers, tools } = await names();
  const words = [
    ...(/\bcode\b/.test(text) ? Object.keys(ERROR_CODES) : []),
    ...(/\bhost\b(?!\/)/.test(text) ? hosts : []),
    ...(/\/server\b/.test(text) ? servers : []),
    ...(/\btool\b/.test(text) ? tools : []),
  ];
  return { words, files: false };
}

/** Its own, and those that every command takes. */
function optionsOf(command: Command): readonly Option[] {
  const help = command.createHelp();
  const inherited = command.parent === null ? [] : optionsOf(command.parent);
  return [...help.visibleOptions(command), ...inherited];
}
