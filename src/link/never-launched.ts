/** A session that ended without a word of our launcher: a forced command, an account without a shell, a start file that ends it. */
import { AnywhereError, type ErrorPlace } from '../base/errors.ts';
import type { ChannelEnd } from '../launch/contract.ts';
import { exitError } from '../launch/exit.ts';
import type { Launch } from '../launch/launch.ts';
import { LAUNCHER_EXIT } from '../launch/marks.ts';
import type { LaunchedChannel } from './contract.ts';

/** What is known before the session's exit code and its last lines are. */
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

/** Of a host that runs something else than what it is asked to. */
export const SUBSYSTEM_HINT =
  'where a forced command is the MCP server, write `ssh: { subsystem: … }`; else let the account run commands: its shell, and the start files of that';

/**
 * Why the launcher did not start the program. Undefined: it did.
 * @param lines what the machine printed, without secrets
 */
export function launchFailure(
  launch: Launch,
  channel: Pick<LaunchedChannel, 'failure'>,
  end: Extract<ChannelEnd, { readonly kind: 'exited' }>,
  lines: readonly string[],
): AnywhereError | undefined {
  const { failure } = channel;
  if (failure?.code !== 'CHANNEL_REFUSED') return failure;
  const { code, signal } = end;
  const place = { host: failure.host };
  if (code === LAUNCHER_EXIT.notOurLine) return exitError(launch, { code, signal, errorLines: lines }, place);
  return neverLaunched(place, lines, `its session ended ${endedHow(end)}`);
}

/** Enough to see what it is; a start file that prints what it reads would print the whole launcher. */
const LINES = 12;
const LONGEST_LINE = 200;

/** The last lines of what came on stdout from a machine that did not start the program, for its error. */
export function printedInstead(
  channel: Pick<LaunchedChannel, 'noise'> | undefined,
  redact: (text: string) => string,
): readonly string[] {
  return (channel?.noise ?? []).slice(-LINES).map((line) => redact(line).slice(0, LONGEST_LINE));
}

function endedHow({ code, signal }: Extract<ChannelEnd, { readonly kind: 'exited' }>): string {
  if (signal !== undefined) return `by signal ${signal}`;
  return code === undefined ? 'without an exit code' : `with exit code ${code}`;
}
