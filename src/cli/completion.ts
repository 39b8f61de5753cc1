/**
 * Completion for shells. `completion <shell>` prints the script that a shell loads. At each Tab the script runs
 * `__complete`, which prints the words: fast, silent about errors, and without starting anything.
 */

import type { Command, Option } from 'commander';
import { deadline, orAbort } from '../base/abort.ts';
import { systemClock } from '../base/clock.ts';
import { AnywhereError, ERROR_CODES, EXIT, type ExitCode } from '../base/errors.ts';
import { harmless } from '../base/harmless.ts';
import { isRecord } from '../base/record.ts';
import { ControlClient } from '../control/client.ts';
import { type KnownNames, namesFromDisk } from '../daemon/start.ts';
import { choiceText, parametersOf } from '../model/arguments.ts';
import { plain } from '../model/plain.ts';
import { firstSentence, typeText } from '../model/signature.ts';
import { SCRIPTS, type Shell } from './completion-scripts.ts';
import type { CliContext } from './context.ts';
import { connectToRunning } from './session.ts';

export type { Shell } from './completion-scripts.ts';

export function runCompletion({ globals, out }: CliContext, shell: Shell): ExitCode {
  const script = SCRIPTS[shell];
  if (globals.json) out.json<'completion'>({ shell, script });
  else out.write(script);
  return EXIT.ok;
}

/** The longest wait for the daemon; then names come from disk. */
const DAEMON_MS = 300;
/** Tells the shell to complete file names itself. */
const FILES = ':files';

const NONE: KnownNames = { hosts: [], servers: [], tools: [] };

export async function runComplete(outer: CliContext, program: Command, words: readonly string[]): Promise<ExitCode> {
  const context = { ...outer, globals: { ...outer.globals, config: configIn(words) ?? outer.globals.config } };
  const { words: found, files } = await candidatesFor(program, words, () => namesFor(context));
  const lines = found.map(({ word, about }) => (about === undefined ? word : `${word}\t${plain(about)}`));
  context.out.write([...(files ? [FILES] : []), ...lines].map((line) => `${harmless(line)}\n`).join(''));
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
      tools: tools.map(({ name, definition }) => ({ name, definition })),
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
  readonly words: readonly Candidate[];
  readonly files: boolean;
}

export interface Candidate {
  readonly word: string;
  /** Shown beside the word by shells that can. */
  readonly about?: string | undefined;
}

const NOTHING: Candidates = { words: [], files: false };

/** What the end of a command line belongs to. */
interface Position {
  /** The program itself, or a command below the program. */
  readonly command: Command;
  /** The words so far that are neither options nor values of options. */
  readonly given: readonly string[];
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
  return { words: all.filter(({ word }) => word.startsWith(current)), files };
}

/** The value of `--config`, if given before the last word. */
export function configIn(words: readonly string[]): string | undefined {
  const at = words.lastIndexOf('--config', -2);
  return at === -1 || at + 1 >= words.length - 1 ? undefined : words[at + 1];
}

function positionAt(program: Command, words: readonly string[]): Position {
  let position: Position = { command: program, given: [], option: undefined };
  for (const word of words) position = after(position, word);
  return position;
}

function after({ command, given, option }: Position, word: string): Position {
  if (option !== undefined) return { command, given, option: undefined };
  if (word.startsWith('-')) return { command, given, option: takingValue(command, word) };
  const below = command.commands.find((one) => one.name() === word);
  return below === undefined || given.length > 0
    ? { command, given: [...given, word], option: undefined }
    : { command: below, given: [], option: undefined };
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
  if (option?.long === '--arg') return { words: argumentsOf(await names(), given[0], current), files: false };
  if (option !== undefined) return await ofKind(option.flags, option.argChoices, names);
  if (current.startsWith('-')) return { words: optionsOf(command).flatMap(ofOption), files: false };
  const below = given.length === 0 ? command.createHelp().visibleCommands(command) : [];
  if (below.length > 0)
    return { words: below.map((one) => ({ word: one.name(), about: one.description() })), files: false };
  const last = command.registeredArguments.at(-1);
  const argument = command.registeredArguments[given.length] ?? (last?.variadic === true ? last : undefined);
  return argument === undefined ? NOTHING : await ofKind(argument.name(), argument.argChoices, names);
}

function ofOption({ long, description }: Option): readonly Candidate[] {
  return typeof long === 'string' ? [{ word: long, about: description }] : [];
}

/** Of `--arg`: the names of the arguments of a tool, and behind `name=` its values where those are few. */
function argumentsOf({ tools }: KnownNames, tool: string | undefined, current: string): readonly Candidate[] {
  const { named } = parametersOf(tools.find(({ name }) => name === tool)?.definition);
  const [, key] = /^([^=]*)=/.exec(current) ?? [];
  if (key === undefined)
    return named.map((parameter) => {
      const about = [parameter.required ? 'required' : '', typeText(parameter), parameter.description];
      return { word: `${parameter.name}=`, about: about.filter((part) => part !== '').join(', ') };
    });
  const parameter = named.find(({ name }) => name === key);
  const choices = parameter?.choices ?? (parameter?.types.has('boolean') === true ? [true, false] : []);
  return choices.map((choice) => ({ word: `${key}=${choiceText(choice)}` }));
}

/** @param text the name of the value in the help, like `host[/server]` */
async function ofKind(
  text: string,
  choices: readonly string[] | undefined,
  names: () => Promise<KnownNames>,
): Promise<Candidates> {
  if (choices !== undefined) return { words: choices.map((word) => ({ word })), files: false };
  if (/\bfile\b/.test(text)) return { words: [], files: true };
  if (text === 'client')
    return { words: (await import('../setup/install.ts')).CLIENT_NAMES.map((word) => ({ word })), files: false };
  if (!/\b(host|server|tool)\b/.test(text)) return NOTHING;
  const { hosts, servers, tools } = await names();
  const words = [
    ...(/\bcode\b/.test(text)
      ? Object.entries(ERROR_CODES).map(([word, { meaning }]) => ({ word, about: meaning }))
      : []),
    ...(/\bhost\b(?!\/)/.test(text) ? hosts.map((word) => ({ word })) : []),
    ...(/\/server\b/.test(text) ? servers.map((word) => ({ word })) : []),
    ...(/\btool\b/.test(text)
      ? tools.map(({ name, definition }) => ({ word: name, about: aboutTool(definition) }))
      : []),
  ];
  return { words, files: false };
}

function aboutTool(definition: unknown): string | undefined {
  const { description } = isRecord(definition) ? definition : {};
  return typeof description === 'string' ? firstSentence(description) : undefined;
}

/** The options of the command, and the global ones. */
function optionsOf(command: Command): readonly Option[] {
  const help = command.createHelp();
  const inherited = command.parent === null ? [] : optionsOf(command.parent);
  return [...help.visibleOptions(command), ...inherited];
}
