/** The calls of all clients that have not been answered yet: read off the sessions, so that nothing is kept twice. */

import type { Clock } from '../base/clock.ts';
import { AnywhereError } from '../base/errors.ts';
import type { Call } from '../calls/call.ts';
import type { ClientSession } from '../downstream/session.ts';
import { type ProgressReport, progressReport } from '../gateway/call-events.ts';
import type { Gateway } from '../gateway/gateway.ts';

/** The control API's `LiveCall` is the same shape. */
export interface LiveCall extends Partial<ProgressReport> {
  readonly call: number;
  readonly client: string;
  readonly clientName: string;
  readonly host: string;
  readonly server: string;
  readonly tool: string;
  /** Wall clock, ms since the epoch. */
  readonly startedMs: number;
  readonly bytesIn: number;
}

type Sessions = Pick<Gateway, 'sessions'>;

/** The longest under way first. */
export function liveCalls({ sessions }: Sessions, clock: Clock): readonly LiveCall[] {
  const offsetMs = clock.now() - clock.monotonic();
  return [...sessions.keys()]
    .flatMap((session) => session.calls.flatMap((running) => describe(session, running, offsetMs) ?? []))
    .toSorted((a, b) => a.startedMs - b.startedMs);
}

/** Cancels it on its server, and its client is told who did. Throws USAGE where there is no such call any more. */
export function cancelCall({ sessions }: Sessions, call: number): void {
  const running = [...sessions.keys()].flatMap((session) => session.calls).find((one) => one.id === call);
  if (running === undefined)
    throw new AnywhereError('USAGE', `no call ${call} is under way`, { hint: 'mcp-anywhere status' });
  running.revoke(new AnywhereError('CANCELLED', 'the user of MCP-Anywhere cancelled this call'));
}

function describe(session: ClientSession, running: Call, offsetMs: number): LiveCall | undefined {
  const { route, id, startedMs, request, progress } = running;
  if (route === undefined) return undefined;
  return {
    call: id,
    client: session.id,
    clientName: session.hello?.name ?? '',
    host: route.server.host,
    server: route.server.name,
    tool: route.original,
    startedMs: Math.round(startedMs + offsetMs),
    bytesIn: request.length,
    ...(progress === undefined ? {} : progressReport(progress)),
  };
}
