/** The examinations of `doctor` and `trust`, on the real links and servers of a gateway. */

import type { DoctorStep, TrustCandidate } from '../api/control.ts';
import { deadline, orAbort } from '../base/abort.ts';
import type { Clock } from '../base/clock.ts';
import { AnywhereError } from '../base/errors.ts';
import type { HostPlan, ServerPlan } from '../config/plan.ts';
import type { ClientSession } from '../downstream/session.ts';
import type { Gateway } from '../gateway/gateway.ts';
import type { ChannelEnd, HostEnvironment, Launch, Transport } from '../launch/contract.ts';
import { launchFailure, printedInstead, SUBSYSTEM_HINT } from '../launch/exit.ts';
import { explainBackend } from '../link/backend.ts';
import type { LaunchedChannel, Link } from '../link/contract.ts';
import { inspectHost } from '../link/inspect.ts';
import { acceptKey, scanHost } from '../link/trust.ts';
import { createOpensshDialer } from '../openssh/dialer.ts';
import { eachLine, RecentLines } from '../upstream/stderr-lines.ts';
import { type Discovered, type ReportStep, runDoctor } from './doctor.ts';

export class Examination {
  readonly #gateway: Gateway;

  constructor(gateway: Gateway) {
    this.#gateway = gateway;
  }

  /** @param session the owner of the started servers */
  doctor(
    host: string | undefined,
    session: ClientSession,
    report: ReportStep,
    signal: AbortSignal,
  ): Promise<readonly DoctorStep[]> {
    const gateway = this.#gateway;
    const parts = {
      clock: gateway.clock,
      hostsFileProblem: gateway.hostsFileProblem,
      isAsking: (name: string): boolean => gateway.hosts.waitsFor(name) !== undefined,
      inspect: (plan: HostPlan, note: ReportStep, stop: AbortSignal): Promise<unknown> =>
        this.#inspect(plan, note, stop),
      probe: (plan: HostPlan, limitMs: number, stop: AbortSignal): Promise<HostEnvironment | undefined> =>
        probeHost(gateway.link(plan.name), { clock: gateway.clock, limitMs, redact: gateway.redact }, stop),
      discover: (name: string, stop: AbortSignal): Promise<Discovered> => this.#discover(name, stop),
      startServer: (server: ServerPlan, stop: AbortSignal): Promise<number> => this.#startServer(server, session, stop),
    };
    return runDoctor(gateway.plan, parts, report, signal, host);
  }

  scan(host: string, signal: AbortSignal): Promise<readonly TrustCandidate[]> {
    return scanHost(this.#sshHost(host), this.#gateway.hosts.linkDeps(host), signal, {
      keyring: this.#gateway.hosts.keyring,
    });
  }

  accept(host: string, name: string, fingerprint: string, signal: AbortSignal): Promise<{ readonly file: string }> {
    return acceptKey(this.#sshHost(host), { name, fingerprint }, this.#gateway.hosts.linkDeps(host), signal, {
      keyring: this.#gateway.hosts.keyring,
    });
  }

  /** Reports the ssh backend and its reason, then every step with that backend. */
  async #inspect(host: HostPlan, report: ReportStep, signal: AbortSignal): Promise<unknown> {
    const { keyring } = this.#gateway.hosts;
    const linkDeps = this.#gateway.hosts.linkDeps(host.name);
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
    return inspectHost(host, linkDeps, report, signal, backend === 'ssh2' ? { keyring } : { keyring, dial });
  }

  async #discover(host: string, signal: AbortSignal): Promise<Discovered> {
    const sight = this.#gateway.discoveries.of(host);
    await sight?.look(signal);
    const servers = this.#gateway.plan.hosts.find(({ name }) => name === host)?.servers ?? [];
    return { servers, unread: sight?.problems ?? [] };
  }

  async #startServer(server: ServerPlan, session: ClientSession, signal: AbortSignal): Promise<number> {
    const unit = this.#gateway.router.unit(server);
    await this.#gateway.router.instance(server, session, { signal });
    await orAbort(this.#gateway.spoken(server.timeoutMs, [unit]), signal);
    const failure = this.#gateway.keeper.failure(unit);
    if (failure !== undefined) throw failure;
    return this.#gateway.catalog.listing(server)?.items.tools.length ?? 0;
  }

  #sshHost(name: string): HostPlan {
    // Throws USAGE where the hosts file has no such host.
    this.#gateway.link(name);
    const host = this.#gateway.plan.hosts.find((plan) => plan.name === name);
    if (host?.ssh === undefined)
      throw new AnywhereError('USAGE', `${name} is this machine itself: it has no host key`, {
        host: name,
        hint: 'mcp-anywhere status',
      });
    return host;
  }
}

/** A command that every machine has. */
const NOTHING: Launch = { command: 'true', args: [], env: new Map(), cwd: undefined };

interface ProbeLimits {
  readonly clock: Clock;
  /** The limit of the program, from the connection on. */
  readonly limitMs: number;
  readonly redact: (text: string) => string;
}

/**
 * Starts the smallest program on a host: do programs run there at all, and what does the machine report about itself?
 * @throws AnywhereError CHANNEL_REFUSED where no program of ours runs, HOST_TIMEOUT where the program does not end
 */
async function probeHost(
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
    channel = await orAbort(link.open(NOTHING, limit.signal), limit.signal, (late) => {
      late.close();
    });
    channel.input.on('error', () => undefined);
    // If a start file read the launcher's line, the launcher reads this line and reports the fault.
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
  const text = `a test program did not end within ${limitMs / 1000} s: a forced command or a start file of the login shell keeps it from running`;
  return new AnywhereError('HOST_TIMEOUT', text, { host, evidence, hint: SUBSYSTEM_HINT });
}
