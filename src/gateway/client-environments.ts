/**
 * The environments of the clients, told apart: what runs for a client gets what that client was started with.
 *
 * A server that clients share has the values of the client that started the server. A connection to a host is shared too, and
 * is logged into with one agent: that of the client that last asked for the host, while that client is here, else that of
 * the client that came last. The other agents are not tried.
 */
import type { Clock } from '../base/clock.ts';
import { environmentForHelpers } from '../config/environment.ts';
import type { Environment } from '../config/paths.ts';
import type { ServerPlan } from '../config/plan.ts';
import type { LinkDeps } from '../link/contract.ts';
import type { AgentSearch } from '../ssh/agent-search.ts';

/** Of one client, as its hello says it. */
export interface ClientEnvironment {
  /** What the hello carries; null: the client does not have it. */
  readonly env: Readonly<Record<string, string | null>>;
  readonly sshAuthSock?: string | undefined;
}

export interface ClientEnvironmentsDeps {
  readonly homeDir: string;
  readonly clock: Clock;
}

/** Of how many agents the last search is remembered. */
const KEPT_SEARCHES = 16;

export class ClientEnvironments {
  readonly #base: Environment;
  readonly #deps: ClientEnvironmentsDeps;
  readonly #ofOwners = new WeakMap<object, ClientEnvironment>();
  readonly #askers = new Map<string, ClientEnvironment>();
  readonly #searches = new Map<string | undefined, AgentSearch>();
  /** The agents that hosts were dialled with since they were last there. */
  readonly #tried = new Map<string, Set<string | undefined>>();
  /** The latest first. */
  #present: readonly ClientEnvironment[] = [];

  /** @param base what the program itself was started with */
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

  /** The servers of this owner get what that client has. */
  bind(owner: object, client: ClientEnvironment): void {
    this.#ofOwners.set(owner, client);
  }

  /** `to` stands for many clients, and works with the values of one of them from now on. */
  lend(from: object, to: object): void {
    const client = this.#ofOwners.get(from);
    if (client !== undefined) this.#ofOwners.set(to, client);
  }

  /** Whoever came through no door of ours has the short list of what the program was started with. */
  of(owner: object): Environment {
    const client = this.#ofOwners.get(owner);
    if (client === undefined) return environmentForHelpers(this.#base);
    return Object.fromEntries(Object.entries(client.env).map(([name, value]) => [name, value ?? undefined]));
  }

  /** True where a process of this server that was started for one of the two is as good for the other. */
  areEqualFor(server: ServerPlan, one: object, other: object): boolean {
    if (this.#ofOwners.get(one) === this.#ofOwners.get(other)) return true;
    const [left, right] = [this.of(one), this.of(other)];
    return variablesOf(server, [left, right]).every((name) => left[name] === right[name]);
  }

  /**
   * A connection to the host is wanted.
   * @param who the owner of an instance, or a client itself
   */
  asked(host: string, who: object): void {
    const client = this.#ofOwners.get(who) ?? this.#present.find((present) => present === who);
    if (client !== undefined) this.#askers.set(host, client);
  }

  /** True where no login at this host was tried with the agent that counts now. */
  isUntried(host: string): boolean {
    return this.#tried.get(host)?.has(this.agentOf(host)) !== true;
  }

  /** It is there. */
  connected(host: string): void {
    this.#tried.delete(host);
  }

  /** Undefined: the agent is searched for where agents usually listen. */
  agentOf(host: string): string | undefined {
    const asker = this.#askers.get(host);
    const [latest] = this.#present;
    if (latest === undefined) return asker === undefined ? this.#base['SSH_AUTH_SOCK'] : asker.sshAuthSock;
    return asker !== undefined && this.#present.includes(asker) ? asker.sshAuthSock : latest.sshAuthSock;
  }

  /** What the link of this host is made with: the agent is looked for anew at every dial. */
  linkOf(host: string): Pick<LinkDeps, 'env'> & { readonly refreshEnv: (signal: AbortSignal) => Promise<void> } {
    const env: Record<string, string | undefined> = { ...this.#base, SSH_AUTH_SOCK: this.agentOf(host) };
    return {
      env,
      refreshEnv: async (signal) => {
        const agent = this.agentOf(host);
        this.#tried.set(host, (this.#tried.get(host) ?? new Set()).add(agent));
        // Where none answers, the errors name the one that should.
        env['SSH_AUTH_SOCK'] = (await (await this.#searchOf(agent)).find(signal)) ?? agent;
      },
    };
  }

  async #searchOf(agent: string | undefined): Promise<AgentSearch> {
    // Loaded with the first dial: start-up time.
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

/** On what the values of a server hang. A terminal, a locale or a time zone makes no other server. */
function variablesOf({ args, env, inheritEnv }: ServerPlan, environments: readonly Environment[]): readonly string[] {
  const references = [...args, ...env.values()].flatMap(({ pieces }) =>
    pieces.filter((piece) => typeof piece !== 'string'),
  );
  const named = references.flatMap((piece) => (piece.kind === 'env' ? [piece.name] : []));
  const isRun = references.some(({ kind }) => kind === 'cmd');
  const ofCommands = environments.flatMap((one) => Object.keys(environmentForHelpers(one)));
  const counted = isRun ? ofCommands.filter((name) => !/^(?:TERM|TZ|LANG|LC_.*)$/.test(name)) : [];
  return ['HOME', ...named, ...inheritEnv, ...counted];
}
