/** Command lines of this program in documentation and messages, and whether the program would take them. */
import type { Command, Option } from 'commander';

/** What a text says about commands of this program that the program would not take. */
export function complaintsAbout(program: Command, markdown: string): string[] {
  const { code, inline } = commandLinesIn(markdown);
  const wrong = [...code, ...inline.filter((line) => !isName(program, line))];
  return wrong.flatMap((line) => {
    const problem = complaint(program, line);
    return problem === undefined ? [] : [`${line}: ${problem}`];
  });
}

/** Command lines at the beginning of a line of code, and in backticks. */
export function commandLinesIn(markdown: string): { readonly code: string[]; readonly inline: string[] } {
  const blocks = [...markdown.matchAll(/^ *```(?:sh|shell|bash)?\n([^]*?)^ *```/gm)].map(([, code = '']) => code);
  const prose = markdown.replaceAll(/^ *```[^]*?^ *```/gm, '');
  const spans = [...prose.matchAll(/`([^`]+)`/g)].map(([, span = '']) => span);
  const found = (lines: readonly string[]): string[] => lines.flatMap((line) => commandOf(line) ?? []);
  return { code: found(blocks.flatMap((block) => block.split('\n'))), inline: found(spans) };
}

/** The words are the name of a command, which a sentence is about. */
function isName(program: Command, line: string): boolean {
  const [, ...words] = line.split(' ');
  let command: Command | undefined = program;
  for (const word of words) command = command?.commands.find((one) => one.name() === word);
  return command !== undefined;
}

/** Without a comment, a redirection, and what follows in a pipe. */
export function commandOf(line: string): string | undefined {
  const [, command] = /^(?:eval "\$\()?(mcp-anywhere(?: [^]*)?)$/.exec(line.trim()) ?? [];
  return command?.split(/ +#| \| | < |\)"/)[0]?.trim();
}

/** Why the program would not take the line; undefined where it would. */
export function complaint(program: Command, line: string): string | undefined {
  const [, ...words] = line.match(/'[^']*'|"[^"]*"|\S+/g) ?? [];
  let command = program;
  let given = 0;
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    // A command line of another program follows.
    if (word === '--' || pathOf(command) === 'server add') return undefined;
    if (word.startsWith('-') && word !== '-') {
      const option = optionOf(command, word);
      if (option === undefined && !isHelpOrVersion(word)) return `\`${pathOf(command)}\` has no option ${word}`;
      if (option !== undefined && (option.required || option.optional) && !word.includes('=')) at += 1;
      continue;
    }
    const below = given === 0 ? command.commands.find((one) => one.name() === word) : undefined;
    if (below === undefined) given += 1;
    else command = below;
  }
  return miscounted(command, given, line);
}

function isHelpOrVersion(word: string): boolean {
  return ['--help', '-h', '--version', '-V', '--check'].includes(word);
}

function miscounted(command: Command, given: number, line: string): string | undefined {
  const words = command.registeredArguments;
  const most = words.some(({ variadic }) => variadic) ? Number.POSITIVE_INFINITY : words.length;
  const least = /--help|--version|-h\b/.test(line) ? 0 : words.filter(({ required }) => required).length;
  if (given > most) return `\`${pathOf(command)}\` takes ${words.length} words`;
  if (given < least) return `\`${pathOf(command)}\` needs ${least} words`;
  return command.commands.length > 0 && command.parent !== null && least === 0 && !/--help/.test(line)
    ? `\`${pathOf(command)}\` needs a command`
    : undefined;
}

function optionOf(command: Command, word: string): Option | undefined {
  const [name] = word.split('=');
  const own = command.options.find(({ long, short }) => long === name || short === name);
  return own ?? (command.parent === null ? undefined : optionOf(command.parent, word));
}

function pathOf(command: Command): string {
  const above = command.parent;
  return above === null ? '' : `${pathOf(above)} ${command.name()}`.trim();
}
