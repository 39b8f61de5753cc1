/** What it means that a server's channel ended: before and after it had answered `initialize`. */
import { AnywhereError } from '../base/errors.ts';
import type { ServerPlan } from '../config/plan.ts';
import type { ChannelEnd, Launch } from '../launch/contract.ts';
import { exitError, launchFailure } from '../launch/exit.ts';
import type { LaunchedChannel } from '../link/contract.ts';

export interface LastWords {
  readonly end: ChannelEnd;
  /** It had answered `initialize`. */
  readonly wasReady: boolean;
  /** No request was under way. */
  readonly isIdle: boolean;
  /** On stderr, and beside the protocol. */
  readonly lines: readonly string[];
}

export function endCause(
  server: ServerPlan,
  launch: Launch,
  channel: Pick<LaunchedChannel, 'failure'>,
  last: LastWords,
): AnywhereError {
  const { end, wasReady, isIdle, lines: lastLines } = last;
  const place = { host: server.host, server: server.name };
  if (end.kind === 'lost') return end.cause.at(place);
  if (end.kind === 'closed')
    return new AnywhereError('SERVER_STOPPED', `${server.host}/${server.name} was stopped`, place);
  // A program's own end has a code or a signal; sshd's ChannelTimeout closes the channel without either.
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
