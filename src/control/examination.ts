/** The examinations of `doctor` and `trust`, on the real links and servers of a gateway. */

import type { DoctorStep, DoctorWait, TrustCandidate } from '../api/control.ts';
import type { HostPlan, ServerPlan } from '../config/plan.ts';
import type { ClientSession } from '../downstream/session.ts';
import { hostKeys, inspectThrough, listOnce, NOTHING, runOnHost, trustKey } from '../gateway/examine.ts';
import type { Gateway } from '../gateway/gateway.ts';
import type { HostEnvironment } from '../launch/contract.ts';
import { type Discovered, type ReportStep, runDoctor } from './doctor.ts';
import { askFacts, type HostFacts } from './host-facts.ts';

export class Examination {
  readonly #gateway: Gateway;

  constructor(gateway: Gateway) {
    this.#gateway = gateway;
  }

  /** @param session the owner of the started servers */
  doctor(
    host: string | undefined,
    session: ClientSession,
    { step, wait }: { readonly step: ReportStep; readonly wait: (wait: DoctorWait) => void },
    signal: AbortSignal,
  ): Promise<readonly DoctorStep[]> {
    const gateway = this.#gateway;
    const parts = {
      clock: gateway.clock,
      waiting: wait,
      hostsFileProblem: gateway.hostsFileProblem,
      isAsking: (name: string): boolean => gateway.hosts.waitsFor(name) !== undefined,
      inspect: (plan: HostPlan, note: ReportStep, stop: AbortSignal): Promise<unknown> =>
        inspectThrough(gateway, plan, note, stop),
      probe: (plan: HostPlan, limitMs: number, stop: AbortSignal): Promise<HostEnvironment | undefined> =>
        this.#probe(plan.name, limitMs, stop),
      ask: (plan: HostPlan, limitMs: number, stop: AbortSignal): Promise<HostFacts> =>
        askFacts(gateway.link(plan.name), { clock: gateway.clock, limitMs }, stop),
      discover: (name: string, stop: AbortSignal): Promise<Discovered> => this.#discover(name, stop),
      startServer: (server: ServerPlan, stop: AbortSignal): Promise<number> => listOnce(gateway, server, session, stop),
    };
    return runDoctor(gateway.plan, parts, step, signal, host);
  }

  scan(host: string, signal: AbortSignal): Promise<readonly TrustCandidate[]> {
    return hostKeys(this.#gateway, host, signal);
  }

  accept(host: string, name: string, fingerprint: string, signal: AbortSignal): Promise<{ readonly file: string }> {
    return trustKey(this.#gateway, host, { name, fingerprint }, signal);
  }

  /** Starts the smallest program: do programs run there at all, and what does the machine report about itself? */
  async #probe(host: string, limitMs: number, signal: AbortSignal): Promise<HostEnvironment | undefined> {
    const { clock, redact } = this.#gateway;
    const link = this.#gateway.link(host);
    await runOnHost(link, NOTHING, { clock, limitMs, redact }, signal);
    return link.environment;
  }

  async #discover(host: string, signal: AbortSignal): Promise<Discovered> {
    const sight = this.#gateway.discoveries.of(host);
    await sight?.look(signal);
    const servers = this.#gateway.plan.hosts.find(({ name }) => name === host)?.servers ?? [];
    return { servers, unread: sight?.problems ?? [] };
  }
}
