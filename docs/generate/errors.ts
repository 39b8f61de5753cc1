/** docs/errors.md, from the pages of `explain`. */
import { ERROR_PAGES } from '../../src/base/error-pages.ts';
import { ERROR_CODES, type ErrorCode, EXIT, type ExitCode } from '../../src/base/errors.ts';
import { code, prose, table } from './markdown.ts';

/** What a script can tell from an exit code. */
export const EXIT_MEANINGS: Readonly<Record<keyof typeof EXIT, string>> = {
  ok: 'everything is well',
  unexpected: 'an error of the program or of this machine',
  usage: 'the command line is wrong',
  auth: 'a login or a host key was refused',
  unreachable: 'a host was not reached',
  tool: 'a server or a tool failed',
  config: 'a configuration file is missing or wrong',
  noDaemon: 'no daemon runs',
  partly: 'some hosts or servers are up, and others are not',
  interrupted: 'stopped by you, or cancelled',
};

const CODES = Object.keys(ERROR_CODES) as ErrorCode[];

export function exitTable(): string {
  const rows = Object.entries(EXIT).map(([name, exit]) => [
    String(exit),
    EXIT_MEANINGS[name as keyof typeof EXIT],
    codesWith(exit).map(link).join(' '),
  ]);
  return table(['exit code', 'meaning', 'errors'], rows);
}

function codesWith(exit: ExitCode): readonly ErrorCode[] {
  return CODES.filter((one) => ERROR_CODES[one].exit === exit);
}

function link(name: ErrorCode): string {
  return `[${code(name)}](#${name.toLowerCase()})`;
}

export function errorSections(): string {
  return CODES.map((name) => {
    const { meaning, exit } = ERROR_CODES[name];
    const causes = ERROR_PAGES[name].map(
      ({ cause, see, fix }) =>
        `- **${prose(cause)}**\n  - How to see it: ${prose(see)}\n  - What to do: ${prose(fix)}\n`,
    );
    return `## ${name}\n\n${prose(meaning)} The exit code is ${String(exit)}.\n\n${causes.join('')}`;
  }).join('\n');
}
