/** The steps of doctor on the way to a host: ssh configuration, agent, every host key, login. */

import type { DoctorStep } from '../api/control.ts';
import { counted } from '../base/counted.ts';
import { durationText } from '../base/duration.ts';
import { AnywhereError, asAnywhereError } from '../base/errors.ts';
import type { HostPlan } from '../config/plan.ts';
import type { Transport } from '../launch/contract.ts';
import { type AgentAnswer, askAgent } from '../ssh/agent.ts';
import type { SshSettings } from '../ssh/config.ts';
import { knownHostsName } from '../ssh/known-hosts.ts';
import { missedOptions } from '../ssh/options.ts';
import { type ResolveSettings, type Route, resolveRoute, settingsResolver } from '../ssh/route.ts';
import { connectRoute } from '../ssh2/connect.ts';
import { sshPlanOf } from '../ssh2/dialer.ts';
import { machineName } from '../ssh2/errors.ts';
import { listIdentities } from '../ssh2/identities.ts';
import { softwareOf } from '../ssh2/internals.ts';
import { Keyring } from '../ssh2/keyring.ts';
import type { LoggedIn } from '../ssh2/login.ts';
import { roundTrip } from '../ssh2/transport.ts';
import type { LinkDeps } from './contract.ts';

export interface InspectOptions {
  readonly resolve?: ResolveSettings;
  readonly keyring?: Keyring;
  /** For a backend other than ssh2, which checks host keys by itself. */
  readonly dial?: (signal: AbortSignal) => Promise<Transport>;
}

/** Reports every step at once and stops at the first failure. Resolves with whether the login worked; rejects only when aborted. */
export async function inspectHost(
  host: HostPlan,
  deps: LinkDeps,
  report: (step: DoctorStep) => void,
  signal: AbortSignal,
  options: InspectOptions = {},
): Promise<boolean> {
  return new Inspection(host, deps, report, signal, options).run();
}

class Inspection {
  readonly #host: HostPlan;
  readonly #deps: LinkDeps;
  readonly #report: (step: DoctorStep) => void;
  readonly #signal: AbortSignal;
  readonly #options: InspectOptions;
  #since: number;

  constructor(
    host: HostPlan,
    deps: LinkDeps,
    report: (step: DoctorStep) => void,
    signal: AbortSignal,
    options: InspectOptions,
  ) {
    this.#host = host;
    this.#deps = deps;
    this.#report = report;
    this.#signal = signal;
    this.#options = options;
    this.#since = deps.clock.monotonic();
  }

  async run(): Promise<boolean> {
    const route = await this.#config();
    if (route === undefined) return false;
    await this.#agent(route);
    return this.#options.dial === undefined ? this.#login(route) : this.#dialled(this.#options.dial);
  }

  async #config(): Promise<Route | undefined> {
    const resolve = this.#options.resolve ?? settingsResolver(this.#deps);
    try {
      const route = await resolveRoute(sshPlanOf(this.#host), resolve, this.#signal);
      this.#step('ssh-config', 'ok', describeRoute(route));
      const given = { env: this.#deps.env, forwardAgent: this.#host.ssh?.forwardAgent ?? false };
      for (const missed of missedOptions(route.at(-1)?.raw ?? new Map(), given))
        this.#step('ssh-config', 'warning', missed);
      return route;
    } catch (error) {
      this.#failed('ssh-config', error);
      return undefined;
    }
  }

  async #agent(route: Route): Promise<void> {
    const settings = route.at(-1);
    if (settings === undefined) return;
    const answer = await askAgent(settings.identityAgent, this.#deps.clock, this.#signal);
    const { identities, notes } = await listIdentities(settings, answer, new Keyring(), undefined);
    const offered =
      identities.length === 0 ? 'no key to offer' : `offers ${identities.map((one) => one.label).join(', ')}`;
    const fine = identities.length > 0 && notes.length === 0;
    const locked = identities.flatMap((one) => one.lockedFile ?? []);
    this.#report({
      host: this.#host.name,
      check: 'agent',
      outcome: fine ? 'ok' : 'warning',
      text: [describeAgent(answer), offered, ...notes].join('; '),
      durationMs: this.#lap(true),
      ...(answer.kind === 'agent' && locked.length > 0 ? { sshAdd: { agent: answer.agent.socket, keys: locked } } : {}),
    });
  }

  async #login(route: Route): Promise<boolean> {
    const { clock } = this.#deps;
    try {
      const login = await connectRoute({
        host: this.#host.name,
        route,
        deps: this.#deps,
        keyring: this.#options.keyring ?? new Keyring(),
        signal: this.#signal,
        onLogin: (settings, one) => {
          this.#step('host-key', 'ok', `${knownHostsName(settings)} is known (${one.fingerprint})`, false);
        },
      });
      const rttMs = await measured(login, () => clock.monotonic());
      const software = softwareOf(login.client);
      this.#step(
        'login',
        'ok',
        [
          `${login.place.machine} by ${login.method}`,
          ...(rttMs === undefined ? [] : [`round trip ${durationText(rttMs)}`]),
          ...(software === undefined ? [] : [software]),
        ].join(', '),
      );
      login.client.end();
      login.destroy(new AnywhereError('CANCELLED', 'the inspection is over'));
      return true;
    } catch (error) {
      return this.#loginFailed(asAnywhereError(error));
    }
  }

  async #dialled(dial: (signal: AbortSignal) => Promise<Transport>): Promise<boolean> {
    try {
      const transport = await dial(this.#signal);
      this.#step('login', 'ok', `${this.#host.name} accepts the login, through the system's ssh`);
      await transport.close();
      return true;
    } catch (error) {
      return this.#loginFailed(asAnywhereError(error));
    }
  }

  #loginFailed(error: AnywhereError): false {
    const hostKey =
      error.code === 'HOST_KEY_UNKNOWN' || error.code === 'HOST_KEY_CHANGED' || error.code === 'HOST_KEY_REVOKED';
    this.#failed(hostKey ? 'host-key' : 'login', error);
    if (hostKey) this.#step('login', 'skipped', 'no login to a machine whose host key is not trusted');
    return false;
  }

  #failed(check: DoctorStep['check'], thrown: unknown): void {
    this.#signal.throwIfAborted();
    const error = asAnywhereError(thrown).at({ host: this.#host.name });
    this.#report({
      host: this.#host.name,
      check,
      outcome: 'failed',
      text: error.message,
      cause: error.toJSON(),
      durationMs: this.#lap(true),
    });
  }

  #step(check: DoctorStep['check'], outcome: DoctorStep['outcome'], text: string, lap = true): void {
    this.#report({ host: this.#host.name, check, outcome, text, durationMs: this.#lap(lap) });
  }

  /** Milliseconds since the last step that was not part of a longer one. */
  #lap(next: boolean): number {
    const now = this.#deps.clock.monotonic();
    const durationMs = Math.round(now - this.#since);
    if (next) this.#since = now;
    return durationMs;
  }
}

function describeRoute(route: Route): string {
  const [last, ...before] = [...route].reverse();
  if (last === undefined) return '';
  const through = [...before].reverse().map(machineName);
  const proxy = proxyOf(route[0]);
  return [
    `${last.alias} is ${machineName(last)}`,
    ...(through.length === 0 ? [] : [`over ${through.join(', ')}`]),
    ...(proxy === undefined ? [] : [`through ${proxy}`]),
    ...(last.withoutSsh === undefined ? [] : [`by the hosts file alone: ${last.withoutSsh}`]),
  ].join(' ');
}

function proxyOf(settings: SshSettings | undefined): string | undefined {
  return settings?.proxyCommand === undefined ? undefined : `ProxyCommand ${settings.proxyCommand.split(' ')[0] ?? ''}`;
}

function describeAgent(answer: AgentAnswer): string {
  switch (answer.kind) {
    case 'none':
      return 'no agent';
    case 'unreachable':
      return `no agent answers at ${answer.socket}`;
    case 'agent':
      return `agent with ${counted(answer.agent.keys.length, 'key')}`;
  }
}

async function measured(login: LoggedIn, now: () => number): Promise<number | undefined> {
  const before = now();
  try {
    await roundTrip(login.client);
    return now() - before;
  } catch {
    return undefined;
  }
}
