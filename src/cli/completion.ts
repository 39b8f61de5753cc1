/**
 * Completion for shells. `completion <shell>` prints the script that a shell loads. At each Tab the script runs
 * `__complete`, which prints the words: fast, silent about errors, and without starting anything.
 */

import type { Command, Option } from 'commander';
import type { Printed } from '../api/printed.ts';
import { deadline, orAbort } from '../base/abort.ts';
import { systemClock } from '../base/clock.ts';
import { AnywhereError, ERROR_CODES, EXIT, type ExitCode } from '../base/errors.ts';
import { harmless } from '../base/harmless.ts';
import { ControlClient } from '../control/client.ts';
import { type KnownNames, namesFromDisk } from '../daemon/start.ts';
import type { CliContext } from './context.ts';
import { connectToRunning } from './session.ts';

export type Shell = Printed['completion']['shell'];

export function runCompletion({ globals, out }: CliContext, shell: Shell): ExitCode {
  const script = SCRIPTS[shell];
  if (globals.json) out.json<'completion'>({ shell, script });
  else out.write(script);
  return EXIT.ok;
}

/** For bash 3.2, the version of macOS, and later. */
const BASH = `# mcp-anywhere: completion for bash. In ~/.bashrc:  eval "$(mcp-anywhere completion bash)"
_mcp_anywhere() {
  local word files=
  COMPREPLY=()
  while IFS= read -r word; do
    if [ "$word" = :files ]; then files=1; else COMPREPLY+=("$word"); fi
  done < <("\${COMP_WORDS[0]}" __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  if [ -n "$files" ]; then
    while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -f -- "\${COMP_WORDS[COMP_CWORD]}")
    compopt -o filenames 2>/dev/null
  fi
  return 0
}
complete -F _mcp_anywhere mcp-anywhere
`;

const ZSH = `#compdef mcp-anywhere
# mcp-anywhere: completion for zsh. In ~/.zshrc, after compinit:  eval "$(mcp-anywhere completion zsh)"
_mcp_anywhere() {
  local -a found
  found=("\${(@f)$("\${words[1]}" __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ "\${found[1]}" == ":files" ]]; then
    _files
    return
  fi
  found=("\${(@)found:#}")
  compadd -a found
}
if [[ "\${funcstack[1]}" == "_mcp_anywhere" ]]; then
  _mcp_anywhere "$@"
else
  compdef _mcp_anywhere mcp-anywhere
fi
`;

const FISH = `# mcp-anywhere: completion for fish. In ~/.config/fish/config.fish:  mcp-anywhere completion fish | source
function __mcp_anywhere_complete
  set -l words (commandline -opc)
  set -l found ($words[1] __complete -- $words[2..-1] (commandline -ct) 2>/dev/null)
  if test "$found[1]" = ":files"
    __fish_complete_path (commandline -ct)
  else
    string join -- \\n $found
  end
end
complete -c mcp-anywhere -f -a '(__mcp_anywhere_complete)'
`;

const SCRIPTS: Readonly<Record<Shell, string>> = { bash: BASH, zsh: ZSH, fish: FISH };

/** The longest wait for the daemon; then names come from disk. */
const DAEMON_MS = 300;
/** Tells the shell to complete file names itself. */
const FILES = ':files';

const NONE: KnownNames = { hosts: [], servers: [], tools: [] };

export async function runComplete(outer: CliContext, program: Command, words: readonly string[]): Promise<ExitCode> {
  const context = { ...outer, globals: { ...outer.globals, config: configIn(words) ?? outer.globals.config } };
  const { words: found, files } = await candidatesFor(program, words, () => namesFor(context));
  const lines = files ? [FILES, ...found] : found;
  context.out.write(lines.map((line) => `${harmless(line)}\n`).join(''));
  return EXIT.ok;
}

async function namesFor(context: CliContext): Promise<KnownNames> {
  try {
    return await fromDaemon(context);
  } catch {
    return await fromDisk(context);
  }
}

async function fromDaemon(context: CliContext): Promise<KnownNames> {
  const late = (): AnywhereError => new AnywhereError('NO_DAEMON', 'The daemon is too slow.');
  const limit = deadline(systemClock(), DAEMON_MS, late, context.io.signal);
  try {
    return await orAbort(askDaemon(context, limit.signal), limit.signal);
  } finally {
    limit.clear();
  }
}

async function askDaemon(context: CliContext, signal: AbortSignal): Promise<KnownNames> {
  const socket = await connectToRunning(context, DAEMON_MS);
  socket.unref();
  const client = new ControlClient(socket);
  try {
    const [{ hosts }, { tools }] = await Promise.all([
      client.request('status', {}, signal),
      client.request('tools', { start: false }, signal),
    ]);
    return {
      hosts: hosts.map(({ name }) => name),
      servers: hosts.flatMap(({ name, servers }) => servers.map((server) => `${name}/${server.name}`)),
      tools: tools.map(({ name }) => name),
    };
  } finally {
    await client.close();
  }
}

async function fromDisk({ io, globals }: CliContext): Promise<KnownNames> {
  try {
    return await namesFromDisk({ ...io, config: globals.config });
  } catch {
    return NONE;
  }
}

/** What can stand at the end of a command line: words, or the name of a file. */
export interface Candidates {
  readonly words: readonly string[];
  readonly files: boolean;
}

const NOTHING: Candidates = { words: [], files: false };

/** What the end of a command line belongs to. */
interface Position {
  /** The program itself, or a command below the program. */
  readonly command: Command;
  /** The number of words so far that are neither options nor values of options. */
  readonly given: number;
  /** The option whose value is typed. */
  readonly option: Option | undefined;
}

/**
 * @param words the words after the name of the program; the last one is typed, and can be empty
 * @param names called only where names are needed, at most once
 */
export async function candidatesFor(
  program: Command,
  words: readonly string[],
  names: () => Promise<KnownNames>,
): Promise<Candidates> {
  const current = words.at(-1) ?? '';
  const position = positionAt(program, words.slice(0, -1));
  const { words: all, files } = await possible(position, current, names);
  return { words: all.filter((word) => word.startsWith(current)), files };
}

/** The value of `--config`, if given before the last word. */
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
  names: () => Promise<KnownNames>,
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
  const last = command.registeredArguments.at(-1);
  const argument = command.registeredArguments[given] ?? (last?.variadic === true ? last : undefined);
  return argument === undefined ? NOTHING : await ofKind(argument.name(), argument.argChoices, names);
}

/** @param text the name of the value in the help, like `host[/server]` */
async function ofKind(
  text: string,
  choices: readonly string[] | undefined,
  names: () => Promise<KnownNames>,
): Promise<Candidates> {
  if (choices !== undefined) return { words: choices, files: false };
  if (/\bfile\b/.test(text)) return { words: [], files: true };
  if (text === 'client') return { words: (await import('../setup/install.ts')).CLIENT_NAMES, files: false };
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

/** The options of the command, and the global ones. */
function optionsOf(command: Command): readonly Option[] {
  const help = command.createHelp();
  const inherited = command.parent === null ? [] : optionsOf(command.parent);
  return [...help.visibleOptions(command), ...inherited];
}
