/** A gateway for the time of `init`: it reaches the chosen hosts and starts their servers before anything is written. */
import type { DoctorStep, TrustCandidate } from '../api/control.ts';
import { aborted, deadline } from '../base/abort.ts';
import type { Clock } from '../base/clock.ts';
import { AnywhereError, asAnywhereError, type ErrorReport, errorOf, reportOf } from '../base/errors.ts';
import type { Environment } from '../config/paths.ts';
import type { Plan } from '../config/plan.ts';
import { whyNotStarted } from '../discovery/found.ts';
import { mergedServers } from '../discovery/merge.ts';
import { type FileProblem, serversOf } from '../discovery/sighting.ts';
import { LocalClient } from '../downstream/local-client.ts';
import { hostKeys, inspectThrough, listOnce, runOnHost, trustKey } from '../gateway/examine.ts';
import type { Gateway } from '../gateway/gateway.ts';
import { lookThrough } from '../gateway/look-through.ts';
import { gatewayOf, programVersion } from '../gateway/open.ts';
import type { Prompter } from '../launch/contract.ts';
import type { Link } from '../link/contract.ts';
import { LOOK_AROUND, type Machine, machineFrom } from './machine.ts';

export interface TrialOptions {
  readonly env: Environment;
  readonly homeDir: string;
  /** Undefined: $SSH_ASKPASS. */
  readonly prompter: Prompter | undefined;
}

/** A server that the AI clients on a machine name. */
export interface SeenServer {
  readonly name: string;
  /** Their ids. */
  readonly clients: readonly string[];
  /** Why it cannot be started; absent: it can. */
  readonly whyNot?: string;
}

/** What was seen of a host. */
export interface HostLook {
  readonly steps: readonly DoctorStep[];
  /** Empty where the host cannot be used. */
  readonly seen: readonly SeenServer[];
  /** Files of AI clients there that cannot be read. Absent: none. */
  readonly unread?: readonly FileProblem[];
  /** Undefined where the host cannot be used. */
  readonly machine?: Machine;
  readonly cause?: ErrorReport;
}

/** One start of a server. */
export interface ServerStart {
  readonly host: string;
  readonly server: string;
  readonly durationMs: number;
  readonly tools?: number;
  readonly cause?: ErrorReport;
}

/** The programs that are asked for their version may be slow ones, on a slow machine. */
const LOOK_LIMIT_MS = 30_000;

export async function openTrial(plan: Plan, options: TrialOptions): Promise<Trial> {
  const source = { current: plan };
  const gateway = await gatewayOf(plan, { ...options, logLevel: 'silent' }, () => ({
    load: () => Promise.resolve(source.current),
    watch: (_onChange, signal) => aborted(signal),
  }));
  return new Trial(gateway, source);
}

export class Trial {
  readonly #gateway: Gateway;
  readonly #client: LocalClient;
  readonly #source: { current: Plan };

  /** @param source of the gateway's plan */
  constructor(gateway: Gateway, source: { current: Plan }) {
    this.#gateway = gateway;
    this.#source = source;
    this.#client = new LocalClient({
      clock: gateway.clock,
      version: programVersion(),
      open: (writer, observer) => gateway.openSession(writer, { isCommand: true, observer }),
    });
  }

  /** The hosts and servers of another plan, over the same connections. */
  async use(plan: Plan): Promise<void> {
    this.#source.current = plan;
    const { problem } = await this.#gateway.reload();
    if (problem !== undefined) throw errorOf(problem);
  }

  /** Configuration, agent, host key, login, and what is installed. Failures are part of the result. */
  async look(host: string, onStep: (step: DoctorStep) => void, signal: AbortSignal): Promise<HostLook> {
    const steps: DoctorStep[] = [];
    const note = (step: DoctorStep): void => {
      steps.push(step);
      onStep(step);
    };
    try {
      const plan = this.#gateway.plan.hosts.find(({ name }) => name === host);
      if (plan === undefined) throw new AnywhereError('INTERNAL', `no host ${host} in the plan`);
      if (plan.ssh !== undefined) await inspectThrough(this.#gateway, plan, note, signal);
      const failed = steps.find(({ outcome }) => outcome === 'failed');
      if (failed?.cause !== undefined) return { steps, seen: [], cause: failed.cause };
      // Such a host runs one program, and nothing else.
      if (plan.ssh?.subsystem !== undefined) return { steps, seen: [] };
      const { clock, redact } = this.#gateway;
      const link = this.#gateway.link(host);
      const limits = { clock, redact, limitMs: LOOK_LIMIT_MS };
      const machine = machineFrom(await runOnHost(link, LOOK_AROUND, limits, signal));
      return { steps, machine, ...(await seenOn(link, clock, signal)) };
    } catch (thrown) {
      signal.throwIfAborted();
      return { steps, seen: [], cause: reportOf(asAnywhereError(thrown).at({ host })) };
    }
  }

  /** The first machine on the way whose key is unknown. */
  async unknownKey(host: string, signal: AbortSignal): Promise<TrustCandidate | undefined> {
    try {
      return (await hostKeys(this.#gateway, host, signal)).find(({ verdict }) => verdict === 'unknown');
    } catch {
      // The host was looked at just now, and the cause of that failure is shown.
      signal.throwIfAborted();
      return undefined;
    }
  }

  /** Writes the keys that a person has compared. Resolves with the cause of a failure. */
  async trust(host: string, { name, keys }: TrustCandidate, signal: AbortSignal): Promise<ErrorReport | undefined> {
    try {
      for (const { fingerprint } of keys) await trustKey(this.#gateway, host, { name, fingerprint }, signal);
      return undefined;
    } catch (thrown) {
      signal.throwIfAborted();
      return reportOf(asAnywhereError(thrown).at({ host }));
    }
  }

  /** Failures are part of the result. @param name of a server of the plan in use */
  async start(host: string, name: string, signal: AbortSignal): Promise<ServerStart> {
    const { clock } = this.#gateway;
    const began = clock.monotonic();
    const place = { host, server: name };
    const took = (): number => Math.round(clock.monotonic() - began);
    try {
      const server = this.#gateway.server(`${host}/${name}`);
      const tools = await listOnce(this.#gateway, server, this.#client.session, signal);
      return { ...place, durationMs: took(), tools };
    } catch (thrown) {
      signal.throwIfAborted();
      return { ...place, durationMs: took(), cause: reportOf(asAnywhereError(thrown).at(place)) };
    }
  }

  async close(): Promise<void> {
    await this.#gateway.close();
  }
}

/** What AI clients on the host configure. Files that cannot be read are no reason to leave the host out. */
async function seenOn(link: Link, clock: Clock, signal: AbortSignal): Promise<Pick<HostLook, 'seen' | 'unread'>> {
  const tooLate = (): Error => new AnywhereError('HOST_TIMEOUT', 'the files of AI clients were not read in time');
  const limit = deadline(clock, LOOK_LIMIT_MS, tooLate, signal);
  try {
    const { servers, problems } = serversOf(await lookThrough(link, {}, undefined, limit.signal));
    const seen = mergedServers(servers).map(({ name, clients, server }) => {
      const whyNot = server.isEnabled ? whyNotStarted(server) : 'switched off';
      return { name, clients, ...(whyNot === undefined ? {} : { whyNot }) };
    });
    return { seen, unread: problems };
  } catch {
    signal.throwIfAborted();
    return { seen: [] };
  } finally {
    limit.clear();
  }
}
