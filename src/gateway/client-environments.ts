/**
 * The environments of the clients: a server gets the environment of its own client.
 *
 * A shared server has the values of the client that started the server. A connection to a host is shared too, and its login
 * uses one agent: the agent of the client that last asked for the host, while that client is connected, else the agent of
 * the latest client. The other agents are not tried.
 */
import { createHash } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import { environmentForHelpers } from '../config/environment.ts';
import type { Environment } from '../config/paths.ts';
import type { HostPlan, ServerPlan, Template } from '../config/plan.ts';
import type { LinkDeps } from '../link/contract.ts';
import type { AgentSearch } from '../ssh/agent-search.ts';

/** The environment of a client, as in its hello. */
export interface ClientEnvironment {
  /** The variables of the hello. Null: the client does not have the variable. */
  readonly env: Readonly<Record<string, string | null>>;
  readonly sshAuthSock?: string | undefined;
}

export interface ClientEnvironmentsDeps {
  readonly homeDir: string;
  readonly clock: Clock;
}

/** The number of agents with a remembered search. */
const KEPT_SEARCHES = 16;

export class ClientEnvironments {
  readonly #base: Environment;
  readonly #deps: ClientEnvironmentsDeps;
  readonly #ofOwners = new WeakMap<object, ClientEnvironment>();
  readonly #askers = new Map<string, ClientEnvironment>();
  readonly #searches = new Map<string | undefined, AgentSearch>();
  /** The agents of the dials since a host was last connected, by host. */
  readonly #tried = new Map<string, Set<string | undefined>>();
  /** The connected clients, the latest first. */
  #present: readonly ClientEnvironment[] = [];

  /** @param base the environment of this program itself */
  constructor(base: Environment, deps: ClientEnvironmentsDeps) {
    this.#base = base;
    this.#deps = deps;
  }

  arrived(client: ClientEnvironment): void {
    this.#present = [client, ...this.#present];
  }

  left(client: ClientEnvironment): void {
    this.#present = this.#present.filter((other) => other !== client);
  }

  /** The servers of this owner get the environment of the client. */
  bind(owner: object, client: ClientEnvironment): void {
    this.#ofOwners.set(owner, client);
  }

  /** `to` stands for many clients, and uses the environment of one of them from now on. */
  lend(from: object, to: object): void {
    const client = this.#ofOwners.get(from);
    if (client !== undefined) this.#ofOwners.set(to, client);
  }

  /** An owner without a client's environment has the short list of this program's own variables. */
  of(owner: object): Environment {
    const client = this.#ofOwners.get(owner);
    if (client === undefined) return environmentForHelpers(this.#base);
    return Object.fromEntries(Object.entries(client.env).map(([name, value]) => [name, value ?? undefined]));
  }

  /** True where a process of this server for one owner also serves the other owner. */
  areEqualFor(server: ServerPlan, one: object, other: object): boolean {
    if (this.#ofOwners.get(one) === this.#ofOwners.get(other)) return true;
    const [left, right] = [this.of(one), this.of(other)];
    return variablesOf(server, [left, right]).every((name) => left[name] === right[name]);
  }

  /**
   * A client wants a connection to the host.
   * @param who the owner of an instance, or a client itself
   */
  asked(host: string, who: object): void {
    const client = this.#ofOwners.get(who) ?? this.#present.find((present) => present === who);
    if (client !== undefined) this.#askers.set(host, client);
  }

  /** True where no login at this host used the current agent. */
  isUntried(host: string): boolean {
    return this.#tried.get(host)?.has(this.agentOf(host)) !== true;
  }

  /** The host is connected. */
  connected(host: string): void {
    this.#tried.delete(host);
  }

  /** Undefined: the agent is searched at the usual places. */
  agentOf(host: string): string | undefined {
    const asker = this.#askers.get(host);
    const [latest] = this.#present;
    if (latest === undefined) return asker === undefined ? this.#base['SSH_AUTH_SOCK'] : asker.sshAuthSock;
    return asker !== undefined && this.#present.includes(asker) ? asker.sshAuthSock : latest.sshAuthSock;
  }

  /** The environment of this host's link. Every dial searches the agent again. */
  linkOf(host: string): Pick<LinkDeps, 'env'> & { readonly refreshEnv: (signal: AbortSignal) => Promise<void> } {
    const env: Record<string, string | undefined> = { ...this.#base, SSH_AUTH_SOCK: this.agentOf(host) };
    return {
      env,
      refreshEnv: async (signal) => {
        const agent = this.agentOf(host);
        this.#tried.set(host, (this.#tried.get(host) ?? new Set()).add(agent));
        // Where no agent answers, the errors name the client's agent.
        env['SSH_AUTH_SOCK'] = (await (await this.#searchOf(agent)).find(signal)) ?? agent;
      },
    };
  }

  async #searchOf(agent: string | undefined): Promise<AgentSearch> {
    // Loaded with the first dial, to keep the start fast.
    const { AgentSearch } = await import('../ssh/agent-search.ts');
    const known = this.#searches.get(agent);
    if (known !== undefined) return known;
    if (this.#searches.size >= KEPT_SEARCHES) this.#searches.clear();
    const offered = agent === undefined || agent === '' ? [] : [agent];
    const runtimeDir = this.#base['XDG_RUNTIME_DIR'];
    const search = new AgentSearch({
      ...{ ...this.#deps, platform: process.platform, runtimeDir },
      offered: () => offered,
    });
    this.#searches.set(agent, search);
    return search;
  }
}

/**
 * Equal for two clients only where no server could tell them apart: the same agent, and the same values of all variables
 * that they sent. Terminal, locale and time zone count only where the hosts file names them. A digest, so that nobody who
 * sees it learns a value.
 */
export function environmentKey(
  hosts: readonly Pick<HostPlan, 'servers'>[],
  { env, sshAuthSock }: ClientEnvironment,
): string {
  const named = new Set(hosts.flatMap(({ servers }) => servers.flatMap(namedBy)));
  const counted = Object.entries(env)
    .filter(([name]) => named.has(name) || !OF_TERMINAL.test(name))
    .sort(([one], [other]) => (one < other ? -1 : 1));
  return createHash('sha256')
    .update(JSON.stringify([sshAuthSock ?? null, counted]))
    .digest('base64');
}

const OF_TERMINAL = /^(?:TERM|TZ|LANG|LC_.*)$/;

/** The variables that a server's values depend on. Terminal, locale and time zone make no difference. */
function variablesOf(server: ServerPlan, environments: readonly Environment[]): readonly string[] {
  const isRun = referencesOf(server).some(({ kind }) => kind === 'cmd');
  const ofCommands = environments.flatMap((one) => Object.keys(environmentForHelpers(one)));
  const counted = isRun ? ofCommands.filter((name) => !OF_TERMINAL.test(name)) : [];
  return ['HOME', ...namedBy(server), ...counted];
}

/** The variables that the hosts file names for this server. */
function namedBy(server: ServerPlan): readonly string[] {
  const named = referencesOf(server).flatMap((piece) => (piece.kind === 'env' ? [piece.name] : []));
  return [...named, ...server.inheritEnv];
}

function referencesOf({ args, env }: ServerPlan): readonly Exclude<Template['pieces'][number], string>[] {
  return [...args, ...env.values()].flatMap(({ pieces }) => pieces.filter((piece) => typeof piece !== 'string'));
}
