/** Starts the smallest program on a host, to see whether ours run there at all and what the machine says of itself. */
import { deadline, orAbort } from '../base/abort.ts';
import type { Clock } from '../base/clock.ts';
import { AnywhereError } from '../base/errors.ts';
import type { ChannelEnd, HostEnvironment, Launch } from '../launch/contract.ts';
import { launchFailure, printedInstead, SUBSYSTEM_HINT } from '../launch/exit.ts';
import type { LaunchedChannel, Link } from '../link/contract.ts';
import { openInTime } from '../upstream/open-in-time.ts';
import { eachLine, RecentLines } from '../upstream/stderr-lines.ts';

/** A command every machine has. */
const NOTHING: Launch = { command: 'true', args: [], env: new Map(), cwd: undefined };

export interface ProbeLimits {
  readonly clock: Clock;
  /** For the program, once connected. */
  readonly limitMs: number;
  readonly redact: (text: string) => string;
}

/** @throws AnywhereError CHANNEL_REFUSED where nothing of ours runs, HOST_TIMEOUT where nothing comes to an end */
export async function probeHost(
  link: Link,
  { clock, limitMs, redact }: ProbeLimits,
  signal: AbortSignal,
): Promise<HostEnvironment | undefined> {
  link.wake('doctor', { user: true });
  await orAbort(link.ready(signal), signal);
  const recent = new RecentLines(redact);
  let channel: LaunchedChannel | undefined;
  const printed = (): readonly string[] => [...recent.lines, ...printedInstead(channel, redact)];
  const limit = deadline(clock, limitMs, () => endless(link.host, limitMs, printed()), signal);
  try {
    channel = await orAbort(openInTime(link, NOTHING, limit.signal), limit.signal);
    channel.input.on('error', () => undefined);
    // Where a start file took the launcher's line, the launcher finds this one and says so.
    channel.input.end('\n');
    channel.output.resume();
    eachLine(channel.errors, (line) => {
      recent.add(line);
    });
    check(channel, await orAbort(channel.ended, limit.signal), printed());
  } finally {
    limit.clear();
    channel?.close();
  }
  return link.environment;
}

function check(channel: LaunchedChannel, end: ChannelEnd, lines: readonly string[]): void {
  if (end.kind === 'lost') throw end.cause;
  const failure = end.kind === 'exited' ? launchFailure(NOTHING, channel, end, lines) : undefined;
  if (failure !== undefined) throw failure;
}

function endless(host: string, limitMs: number, evidence: readonly string[]): AnywhereError {
  const text = `a program was to run there, and nothing came to an end within ${limitMs / 1000} s: a forced command, or a start file of the login shell`;
  return new AnywhereError('HOST_TIMEOUT', text, { host, evidence, hint: SUBSYSTEM_HINT });
}
