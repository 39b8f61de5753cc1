/**
 * The backend of a host. `auto` decides by rules before the first byte, and lets the system's ssh try once where ssh2 could not
 * log in. A host key that is not accepted ends the attempt with either backend.
 */
import { join } from 'node:path';
import * as z from 'zod';
import { AnywhereError, asAnywhereError, INSTALL_OPENSSH } from '../base/errors.ts';
import { Memory } from '../base/memory.ts';
import type { HostPlan, SshPlan } from '../config/plan.ts';
import type { Dialer, Pulse, Transport } from '../launch/contract.ts';
import type { OpensshDialerOptions } from '../openssh/dialer.ts';
import { type ResolveSettings, type Route, resolveRoute, routeDigest, settingsResolver } from '../ssh/route.ts';
import { createSsh2Dialer, type Ssh2DialerOptions, sshPlanOf } from '../ssh2/dialer.ts';
import { opensshMayDoBetter } from '../ssh2/errors.ts';
import { type BackendDecision, decideBackend, gatherFacts } from './backend-rules.ts';
import type { LinkDeps } from './contract.ts';

/** The dialer of a host with ssh, by its `backend`. */
export function createSshDialer(host: HostPlan, deps: LinkDeps, options: Ssh2DialerOptions = {}): Dialer {
  const plan = sshPlanOf(host);
  switch (plan.backend) {
    case 'openssh':
      return opensshDialer(host, deps, options);
    case 'ssh2':
      return createSsh2Dialer(host, deps, options);
    case 'auto':
      return autoDialer(host, plan, deps, options);
  }
}

/** The backend that `auto` or the hosts file chooses now, and the reason: for doctor. */
export async function explainBackend(host: HostPlan, deps: LinkDeps, signal: AbortSignal): Promise<BackendDecision> {
  const plan = sshPlanOf(host);
  if (plan.backend !== 'auto') return { backend: plan.backend, reason: 'the hosts file says so' };
  const route = await resolveRoute(plan, settingsResolver(deps), signal);
  return choose(host.name, route, backendMemory(host.name, deps), deps, signal);
}

async function choose(
  host: string,
  route: Route,
  memory: Memory<BackendNote>,
  deps: LinkDeps,
  signal: AbortSignal,
): Promise<BackendDecision> {
  const facts = Promise.all(route.map((settings) => gatherFacts(settings, deps, signal)));
  const decision = decideBackend(await facts);
  const note = memory.recall([host]);
  if (decision.backend === 'openssh' || note?.settings !== routeDigest(route)) return decision;
  return { backend: 'openssh', reason: `remembered: ${note.reason}` };
}

const BACKEND_NOTE = z.object({
  reason: z.string(),
  /** Digest of what `ssh -G` said then: the note holds as long as the ssh configuration stays the same. */
  settings: z.string(),
});
type BackendNote = z.infer<typeof BACKEND_NOTE>;

/** Why only the system's ssh reaches a host, so that no failing login comes before every good one. */
function backendMemory(host: string, { cacheDir, log }: Pick<LinkDeps, 'cacheDir' | 'log'>): Memory<BackendNote> {
  return new Memory(join(cacheDir, 'backend'), BACKEND_NOTE, (error) => {
    log.warn({ host, error }, 'which backend works could not be kept');
  });
}

function autoDialer(host: HostPlan, plan: SshPlan, deps: LinkDeps, options: Ssh2DialerOptions): Dialer {
  const resolve = options.resolve ?? settingsResolver(deps);
  return new AutoDialer(host.name, plan, deps, {
    resolve,
    ssh2: createSsh2Dialer(host, deps, { ...options, resolve }),
    openssh: opensshDialer(host, deps, { resolve }),
  });
}

/** Loaded only for hosts that need it: start-up time. */
function opensshDialer(host: HostPlan, deps: LinkDeps, options: OpensshDialerOptions): Dialer {
  let dialer: Dialer | undefined;
  return {
    host: host.name,
    backend: () => dialer?.backend() ?? 'openssh',
    dial: async (signal) => {
      const { createOpensshDialer } = await import('../openssh/dialer.ts');
      dialer ??= createOpensshDialer(host, deps, options);
      return dialer.dial(signal);
    },
  };
}

interface AutoParts {
  readonly resolve: ResolveSettings;
  readonly ssh2: Dialer;
  readonly openssh: Dialer;
}

class AutoDialer implements Dialer {
  readonly host: string;
  readonly #plan: SshPlan;
  readonly #deps: LinkDeps;
  readonly #parts: AutoParts;
  readonly #memory: Memory<BackendNote>;
  #used = 'auto';

  constructor(host: string, plan: SshPlan, deps: LinkDeps, parts: AutoParts) {
    this.host = host;
    this.#plan = plan;
    this.#deps = deps;
    this.#parts = parts;
    this.#memory = backendMemory(host, deps);
  }

  backend(): string {
    return this.#used;
  }

  async dial(signal: AbortSignal, pulse?: Pulse): Promise<Transport> {
    try {
      return await this.#dial(signal, pulse);
    } catch (error) {
      signal.throwIfAborted();
      throw asAnywhereError(error).at({ host: this.host });
    }
  }

  async #dial(signal: AbortSignal, pulse: Pulse | undefined): Promise<Transport> {
    const route = await resolveRoute(this.#plan, this.#parts.resolve, signal);
    const shared = await this.#controlMaster(route, signal);
    if (shared !== undefined) return shared;
    const { backend, reason } = await choose(this.host, route, this.#memory, this.#deps, signal);
    return backend === 'openssh' ? this.#dialOpenssh(reason, signal) : this.#dialSsh2(route, reason, signal, pulse);
  }

  async #controlMaster(route: Route, signal: AbortSignal): Promise<Transport | undefined> {
    const settings = route.at(-1);
    if (!this.#plan.reuseControlMaster || settings === undefined) return undefined;
    const { reuseControlMaster } = await import('../openssh/control-master.ts');
    const transport = await reuseControlMaster(this.host, { plan: this.#plan, settings }, this.#deps, signal);
    return transport === undefined
      ? undefined
      : this.#use('openssh (control master)', 'ControlPath: a master of the user answers there', transport);
  }

  async #dialOpenssh(reason: string, signal: AbortSignal): Promise<Transport> {
    this.#used = 'openssh';
    try {
      return this.#use('openssh', reason, await this.#parts.openssh.dial(signal));
    } catch (error) {
      // The system's ssh is not the only way any more: the next attempt decides again.
      if (asAnywhereError(error).code === 'AUTH_FAILED') this.#memory.forget([this.host]);
      throw error;
    }
  }

  async #dialSsh2(route: Route, reason: string, signal: AbortSignal, pulse?: Pulse): Promise<Transport> {
    this.#used = 'ssh2';
    try {
      return this.#use('ssh2', reason, await this.#parts.ssh2.dial(signal, pulse));
    } catch (thrown) {
      signal.throwIfAborted();
      const error = asAnywhereError(thrown);
      if (!opensshMayDoBetter(error)) throw error;
      if (pulse !== undefined) pulse.source = () => undefined;
      return this.#secondTry(route, error, signal);
    }
  }

  async #secondTry(route: Route, first: AnywhereError, signal: AbortSignal): Promise<Transport> {
    const reason = `ssh2 failed (${first.code})`;
    this.#deps.log.info({ host: this.host, code: first.code }, "ssh2 failed; trying the system's ssh once");
    try {
      const transport = await this.#parts.openssh.dial(signal);
      this.#memory.remember([this.host], { reason, settings: routeDigest(route) });
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

/**
 * A refused host key outranks every other failure. Where the two sides did not understand ssh2, the system's ssh decides;
 * without that ssh nothing can be done. Otherwise ssh2's error knows more of the offered keys.
 */
function bothFailed(first: AnywhereError, second: AnywhereError): AnywhereError {
  if (second.code.startsWith('HOST_KEY_')) return second;
  if (first.code === 'SSH_NEGOTIATION') return onlyOpenssh(first, second);
  return new AnywhereError(first.code, first.message, {
    host: first.host,
    evidence: [...first.evidence, `the system's ssh: ${second.message}`, ...second.evidence],
    hint: first.hint,
    cause: second,
  });
}

function onlyOpenssh(first: AnywhereError, { code, message, evidence, hint, cause }: AnywhereError): AnywhereError {
  const isMissing = code === 'SSH_MISSING';
  return new AnywhereError(code, isMissing ? `${first.message}, and there is no \`ssh\` on the PATH to try` : message, {
    host: first.host,
    evidence: [...evidence, ...(isMissing ? [] : [`the built-in SSH: ${first.message}`]), ...first.evidence],
    hint: isMissing ? INSTALL_OPENSSH : hint,
    cause,
  });
}
