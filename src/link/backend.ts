/**
 * Which ssh a host is reached with. `auto` decides by rules before the first byte, and lets the system's ssh try once
 * where our own could not log in; a host key that was not accepted ends it with either.
 */
import { AnywhereError, asAnywhereError } from '../base/errors.ts';
import type { HostPlan, SshPlan } from '../config/plan.ts';
import { decideBackend, type BackendDecision } from './auto/decide.ts';
import { gatherFacts } from './auto/facts.ts';
import { backendMemory, type BackendMemory } from './auto/memory.ts';
import type { Dialer, LinkDeps, Transport } from './contract.ts';
import { reuseControlMaster } from './openssh/control-master.ts';
import { createOpensshDialer } from './openssh/dialer.ts';
import { resolveSshSettings, type SshSettings } from './ssh-config.ts';
import { createSsh2Dialer } from './ssh2/dialer.ts';
import { opensshMayDoBetter } from './ssh2/errors.ts';

/** A dialer that can be handed what `ssh -G` said. */
interface SettledDialer extends Dialer {
  dial(signal: AbortSignal, settings?: SshSettings): Promise<Transport>;
}

/** The dialer of a host with ssh, by its `backend`. */
export function createSshDialer(host: HostPlan, deps: LinkDeps): Dialer {
  const plan = host.ssh;
  if (plan === undefined) throw new AnywhereError('INTERNAL', 'a local host has no ssh', { host: host.name });
  if (plan.backend === 'openssh') return createOpensshDialer(host, deps);
  const ssh2: SettledDialer = createSsh2Dialer(host, deps);
  return plan.backend === 'ssh2' ? ssh2 : new AutoDialer(host.name, plan, deps, { ssh2, openssh: createOpensshDialer(host, deps) });
}

/** What `auto` (or the hosts file) chooses for these settings, and why: for doctor. */
export async function explainBackend(host: HostPlan, settings: SshSettings, deps: LinkDeps, signal: AbortSignal): Promise<BackendDecision> {
  const chosen = host.ssh?.backend ?? 'auto';
  if (chosen !== 'auto') return { backend: chosen, reason: 'the hosts file says so' };
  return choose(host.name, settings, backendMemory(deps), deps, signal);
}

async function choose(host: string, settings: SshSettings, memory: BackendMemory, deps: LinkDeps, signal: AbortSignal): Promise<BackendDecision> {
  const [facts, remembered] = await Promise.all([gatherFacts(settings, deps, signal), memory.recall(host, settings)]);
  const decision = decideBackend(facts);
  if (decision.backend === 'openssh' || remembered === undefined) return decision;
  return { backend: 'openssh', reason: `remembered: ${remembered}` };
}

class AutoDialer implements Dialer {
  readonly host: string;
  readonly #plan: SshPlan;
  readonly #deps: LinkDeps;
  readonly #dialers: Readonly<Record<'ssh2' | 'openssh', SettledDialer>>;
  readonly #memory: BackendMemory;
  #used = 'auto';

  constructor(host: string, plan: SshPlan, deps: LinkDeps, dialers: Readonly<Record<'ssh2' | 'openssh', SettledDialer>>) {
    this.host = host;
    this.#plan = plan;
    this.#deps = deps;
    this.#dialers = dialers;
    this.#memory = backendMemory(deps);
  }

  backend(): string {
    return this.#used;
  }

  async dial(signal: AbortSignal): Promise<Transport> {
    const settings = await resolveSshSettings(this.#plan, this.#deps, signal);
    const shared = this.#plan.reuseControlMaster ? await reuseControlMaster(this.host, settings, this.#deps, signal) : undefined;
    if (shared !== undefined) return this.#use('openssh (control master)', 'ControlPath: a master of the user answers there', shared);
    const { backend, reason } = await choose(this.host, settings, this.#memory, this.#deps, signal);
    this.#deps.log.debug({ host: this.host, backend, reason }, 'backend chosen');
    return backend === 'openssh' ? this.#dialOpenssh(settings, reason, signal) : this.#dialSsh2(settings, reason, signal);
  }

  async #dialOpenssh(settings: SshSettings, reason: string, signal: AbortSignal): Promise<Transport> {
    this.#used = 'openssh';
    try {
      return this.#use('openssh', reason, await this.#dialers.openssh.dial(signal, settings));
    } catch (error) {
      // Whatever made it the only way is not so any more: the next attempt finds out again.
      if (asAnywhereError(error).code === 'AUTH_FAILED') await this.#memory.forget(this.host);
      throw error;
    }
  }

  async #dialSsh2(settings: SshSettings, reason: string, signal: AbortSignal): Promise<Transport> {
    this.#used = 'ssh2';
    try {
      return this.#use('ssh2', reason, await this.#dialers.ssh2.dial(signal, settings));
    } catch (thrown) {
      signal.throwIfAborted();
      const error = asAnywhereError(thrown);
      if (!opensshMayDoBetter(error)) throw error;
      return this.#secondTry(settings, error, signal);
    }
  }

  async #secondTry(settings: SshSettings, first: AnywhereError, signal: AbortSignal): Promise<Transport> {
    const reason = `ssh2 failed (${first.code})`;
    this.#deps.log.info({ host: this.host, code: first.code }, "our own SSH failed; trying the system's ssh once");
    try {
      const transport = await this.#dialers.openssh.dial(signal, settings);
      await this.#memory.remember(this.host, settings, reason);
      return this.#use('openssh', reason, transport);
    } catch (thrown) {
      signal.throwIfAborted();
      throw bothFailed(first, asAnywhereError(thrown));
    }
  }

  #use(backend: string, reason: string, transport: Transport): Transport {
    this.#used = backend;
    this.#deps.log.info({ host: this.host, backend, reason }, 'connected');
    return transport;
  }
}

/** A host key that ssh refuses outweighs everything; else ssh2's error knows more of what was offered. */
function bothFailed(first: AnywhereError, second: AnywhereError): AnywhereError {
  if (second.code.startsWith('HOST_KEY_')) return second;
  return new AnywhereError(first.code, first.message, {
    host: first.host,
    evidence: [...first.evidence, `the system's ssh: ${second.message}`, ...second.evidence],
    hint: first.hint,
    cause: second,
  });
}
