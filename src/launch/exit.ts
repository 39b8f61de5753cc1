/** The end of a launched program, or of a session without a launcher, as an error for people. */
import { AnywhereError, type ErrorPlace } from '../base/errors.ts';
import { beginning } from '../base/harmless.ts';
import type { ChannelEnd, Launch } from './contract.ts';
import { LAUNCHER_EXIT } from './marks.ts';
import { shownWord } from './quote.ts';

export interface ProgramEnd {
  readonly code: number | undefined;
  /** A name like TERM. */
  readonly signal: string | undefined;
  /** The last lines of its stderr. */
  readonly errorLines: readonly string[];
}

/** Shells report the end by a signal as 128 + its number (POSIX.1-2017, Shell Command Language, 2.8.2). */
const SIGNAL_NAMES = new Map([
  [129, 'HUP'],
  [130, 'INT'],
  [131, 'QUIT'],
  [132, 'ILL'],
  [134, 'ABRT'],
  [136, 'FPE'],
  [137, 'KILL'],
  [139, 'SEGV'],
  [141, 'PIPE'],
  [143, 'TERM'],
]);

/** The launcher could not start the program. */
export function launchError(kind: 'no-folder' | 'no-command', launch: Launch, place: ErrorPlace): AnywhereError {
  if (kind === 'no-folder') {
    return new AnywhereError(
      'CWD_MISSING',
      `The working folder ${shownWord(launch.cwd ?? '')} cannot be entered`,
      place,
    );
  }
  return new AnywhereError('COMMAND_NOT_FOUND', `The command ${launch.command} was not found`, place);
}

/** A specific error where the exit code tells the cause, else SERVER_EXITED. */
export function exitError(launch: Launch, end: ProgramEnd, place: ErrorPlace): AnywhereError {
  const details = { ...place, evidence: end.errorLines };
  if (end.code === LAUNCHER_EXIT.notOurLine) {
    return new AnywhereError('SERVER_START_FAILED', 'A start file of the login shell on that machine reads stdin', {
      ...details,
      hint: 'let the start file read only at a terminal: [ -t 0 ] && read …',
    });
  }
  if (end.code === LAUNCHER_EXIT.noCommand) {
    const message = `${launch.command} or a program it starts was not found (exit code 127)`;
    return new AnywhereError('COMMAND_NOT_FOUND', message, details);
  }
  if (end.code === LAUNCHER_EXIT.cannotExecute) {
    return new AnywhereError('SERVER_EXITED', `${launch.command} cannot be executed (exit code 126)`, {
      ...details,
      hint: `make the file executable on that machine, or name its interpreter as the command`,
    });
  }
  return new AnywhereError('SERVER_EXITED', `${launch.command} ${endedHow(end)}`, details);
}

function endedHow(end: ProgramEnd): string {
  const signal = end.signal ?? (end.code === undefined ? undefined : SIGNAL_NAMES.get(end.code));
  if (signal === 'KILL') return 'was killed by signal KILL (often: the machine ran out of memory)';
  if (signal !== undefined) return `was ended by signal ${signal}`;
  if (end.code === undefined) return 'ended without an exit code';
  return `ended with exit code ${String(end.code)}`;
}

/** The session ended without the launcher: a forced command, an account without a shell, a start file that ends the session. */
export function neverLaunched(
  place: ErrorPlace,
  evidence: readonly string[] = [],
  how = 'its session ended',
): AnywhereError {
  return new AnywhereError('CHANNEL_REFUSED', `${place.host ?? 'the host'} did not run our launcher: ${how}`, {
    ...place,
    evidence,
    hint: SUBSYSTEM_HINT,
  });
}

/** For a host that runs another program than the one it is asked for. */
export const SUBSYSTEM_HINT =
  'where a forced command is the MCP server, write `ssh: { subsystem: … }`; else let the account run commands: check its shell and start files';

/**
 * Why the launcher did not start the program; undefined where it did.
 * @param lines output of the machine, without secrets
 */
export function launchFailure(
  launch: Launch,
  channel: { readonly failure: AnywhereError | undefined },
  end: Extract<ChannelEnd, { readonly kind: 'exited' }>,
  lines: readonly string[],
): AnywhereError | undefined {
  const { failure } = channel;
  if (failure?.code !== 'CHANNEL_REFUSED') return failure;
  const { code, signal } = end;
  const place = { host: failure.host };
  if (code === LAUNCHER_EXIT.notOurLine) return exitError(launch, { code, signal, errorLines: lines }, place);
  return neverLaunched(place, lines, `its session ended ${sessionEnd(end)}`);
}

/** Enough to recognize the output. A start file that prints its stdin would print the whole launcher. */
const LINES = 12;
const LONGEST_LINE = 200;

/** The last lines of stdout from a machine that did not start the program, for the error. */
export function printedInstead(
  channel: { readonly noise: readonly string[] } | undefined,
  redact: (text: string) => string,
): readonly string[] {
  return (channel?.noise ?? []).slice(-LINES).map((line) => beginning(redact(line), LONGEST_LINE));
}

function sessionEnd({ code, signal }: Extract<ChannelEnd, { readonly kind: 'exited' }>): string {
  if (signal !== undefined) return `by signal ${signal}`;
  return code === undefined ? 'without an exit code' : `with exit code ${code}`;
}
