/** The errors of one server: failures of the running server, and the cause of an ended channel. */
import { AnywhereError, type ErrorCode } from '../base/errors.ts';
import type { ServerPlan } from '../config/plan.ts';
import type { ChannelEnd, Launch } from '../launch/contract.ts';
import { exitError, launchFailure } from '../launch/exit.ts';
import type { LaunchedChannel } from '../link/contract.ts';

export interface LastWords {
  readonly end: ChannelEnd;
  /** The server had answered `initialize`. */
  readonly wasReady: boolean;
  /** No request was pending. */
  readonly isIdle: boolean;
  /** The last lines on stderr and the last stdout lines that were no messages. */
  readonly lines: readonly string[];
}

export function endCause(
  server: ServerPlan,
  launch: Launch,
  channel: Pick<LaunchedChannel, 'failure'>,
  last: LastWords,
): AnywhereError {
  const { end, wasReady, isIdle, lines: lastLines } = last;
  const place = placeOf(server);
  if (end.kind === 'lost') return end.cause.at(place);
  if (end.kind === 'closed')
    return new AnywhereError('SERVER_STOPPED', `${server.host}/${server.name} was stopped`, place);
  // The exit of a program has a code or a signal; sshd's ChannelTimeout closes the channel without either.
  if (wasReady && isIdle && end.code === undefined && end.signal === undefined)
    return new AnywhereError('SERVER_STOPPED', `the host closed the idle channel of ${server.name}`, place);
  const cause =
    launchFailure(launch, channel, end, lastLines)?.at(place) ??
    exitError(launch, { code: end.code, signal: end.signal, errorLines: lastLines }, place);
  return wasReady || cause.code !== 'SERVER_EXITED' ? cause : startFailed(cause, lastLines);
}

function startFailed(cause: AnywhereError, evidence: readonly string[]): AnywhereError {
  const { host, server } = cause;
  return new AnywhereError('SERVER_START_FAILED', `${host}/${server}: ${cause.message} before it answered initialize`, {
    host,
    server,
    evidence,
  });
}

/** @param what follows the server's name; `evidence`: the server's last lines */
export function serverError(
  code: ErrorCode,
  { host, name }: ServerPlan,
  what: string,
  evidence: readonly string[],
): AnywhereError {
  return new AnywhereError(code, `${host}/${name} ${what}`, { host, server: name, evidence });
}

export function placeOf({ host, name }: ServerPlan): { readonly host: string; readonly server: string } {
  return { host, server: name };
}
