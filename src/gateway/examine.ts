/** Looks at hosts and servers through the real links of a gateway, for `doctor`, `trust` and `init`. */
import type { DoctorStep, TrustCandidate } from '../api/control.ts';
import { deadline, orAbort } from '../base/abort.ts';
import type { Clock } from '../base/clock.ts';
import { AnywhereError } from '../base/errors.ts';
import type { HostPlan, ServerPlan } from '../config/plan.ts';
import type { ClientSession } from '../downstream/session.ts';
import type { ChannelEnd, Launch, Transport } from '../launch/contract.ts';
import { launchFailure, printedInstead, SUBSYSTEM_HINT } from '../launch/exit.ts';
import { explainBackend } from '../link/backend.ts';
import type { LaunchedChannel, Link } from '../link/contract.ts';
import { inspectHost } from '../link/inspect.ts';
import { acceptKey, scanHost } from '../link/trust.ts';
import { createOpensshDialer } from '../openssh/dialer.ts';
import { eachLine, RecentLines } from '../upstream/stderr-lines.ts';
import type { Gateway } from './gateway.ts';

/** Reports the ssh backend and its reason, then every step with that backend. Resolves with whether the login worked. */
export async function inspectThrough(
  { hosts }: Gateway,
  host: HostPlan,
  report: (step: DoctorStep) => void,
  signal: AbortSignal,
): Promise<boolean> {
  const { keyring } = hosts;
  const linkDeps = hosts.linkDeps(host.name);
  const startedMs = linkDeps.clock.monotonic();
  const { backend, reason } = await explainBackend(host, linkDeps, signal);
  const durationMs = linkDeps.clock.monotonic() - startedMs;
  report({
    host: host.name,
    check: 'ssh-config',
    outcome: 'ok',
    text: `reached with ${backend}: ${reason}`,
    durationMs,
  });
  const dial = (stop: AbortSignal): Promise<Transport> => createOpensshDialer(host, linkDeps).dial(stop);
  return await inspectHost(host, linkDeps, report, signal, backend === 'ssh2' ? { keyring } : { keyring, dial });
}

/** Starts a server and waits for its answer to tools/list. Resolves with the number of its tools. */
export async function listOnce(
  gateway: Gateway,
  server: ServerPlan,
  session: ClientSession,
  signal: AbortSignal,
): Promise<number> {
  const unit = gateway.router.unit(server);
  await gateway.router.instance(server, session, { signal });
  await orAbort(gateway.spoken(server.timeoutMs, [unit]), signal);
  const failure = gateway.keeper.failure(unit);
  if (failure !== undefined) throw failure;
  return gateway.catalog.listing(server)?.items.tools.length ?? 0;
}

/** The keys of the machines on the way to a host. @throws AnywhereError USAGE where the hosts file has no such host */
export function hostKeys(gateway: Gateway, host: string, signal: AbortSignal): Promise<readonly TrustCandidate[]> {
  const { keyring } = gateway.hosts;
  return scanHost(sshHost(gateway, host), gateway.hosts.linkDeps(host), signal, { keyring });
}

/** Writes a key that a person has compared. */
export function trustKey(
  gateway: Gateway,
  host: string,
  choice: { readonly name: string; readonly fingerprint: string },
  signal: AbortSignal,
): Promise<{ readonly file: string }> {
  const { keyring } = gateway.hosts;
  return acceptKey(sshHost(gateway, host), choice, gateway.hosts.linkDeps(host), signal, { keyring });
}

function sshHost(gateway: Gateway, name: string): HostPlan {
  // Throws USAGE where the hosts file has no such host.
  gateway.link(name);
  const host = gateway.plan.hosts.find((plan) => plan.name === name);
  if (host?.ssh === undefined)
    throw new AnywhereError('USAGE', `${name} is this machine itself: it has no host key`, {
      host: name,
      hint: 'mcp-anywhere status',
    });
  return host;
}

/** A command that every machine has. */
export const NOTHING: Launch = { command: 'true', args: [], env: new Map(), cwd: undefined };

interface ProgramLimits {
  readonly clock: Clock;
  /** The limit of the program, from the connection on. */
  readonly limitMs: number;
  readonly redact: (text: string) => string;
}

/** More than any program prints that this program starts. */
const MOST_PRINTED = 256 * 1024;

/**
 * Runs a small program on a host, and resolves with what it printed.
 * @throws AnywhereError CHANNEL_REFUSED where no program of ours runs, HOST_TIMEOUT where the program does not end
 */
export async function runOnHost(
  link: Link,
  launch: Launch,
  { clock, limitMs, redact }: ProgramLimits,
  signal: AbortSignal,
): Promise<string> {
  link.wake('a person asked for it', { user: true });
  await orAbort(link.ready(signal), signal);
  const recent = new RecentLines(redact);
  let channel: LaunchedChannel | undefined;
  const evidence = (): readonly string[] => [...recent.lines, ...printedInstead(channel, redact)];
  const limit = deadline(clock, limitMs, () => endless(link.host, limitMs, evidence()), signal);
  const printed: Buffer[] = [];
  try {
    channel = await orAbort(link.open(launch, limit.signal), limit.signal, (late) => {
      late.close();
    });
    channel.input.on('error', () => undefined);
    // If a start file read the launcher's line, the launcher reads this line and reports the fault.
    channel.input.end('\n');
    let size = 0;
    channel.output.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= MOST_PRINTED) printed.push(chunk);
    });
    eachLine(channel.errors, (line) => {
      recent.add(line);
    });
    const { output } = channel;
    const drained = new Promise<void>((resolve) => {
      output.once('close', () => {
        resolve();
      });
    });
    check(launch, channel, await orAbort(channel.ended, limit.signal), evidence());
    await orAbort(drained, limit.signal);
  } finally {
    limit.clear();
    channel?.close();
  }
  return Buffer.concat(printed).toString();
}

function check(launch: Launch, channel: LaunchedChannel, end: ChannelEnd, lines: readonly string[]): void {
  if (end.kind === 'lost') throw end.cause;
  const failure = end.kind === 'exited' ? launchFailure(launch, channel, end, lines) : undefined;
  if (failure !== undefined) throw failure;
}

function endless(host: string, limitMs: number, evidence: readonly string[]): AnywhereError {
  const text = `a test program did not end within ${limitMs / 1000} s: a forced command or a start file of the login shell keeps it from running`;
  return new AnywhereError('HOST_TIMEOUT', text, { host, evidence, hint: SUBSYSTEM_HINT });
}
