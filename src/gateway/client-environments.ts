/**
 * The environments of the clients, told apart: what a client's own servers are given is what that client was started with.
 *
 * Servers that all share, and links, take what the latest client that had it said, and else what the program itself was
 * started with. So nothing depends on which client came first.
 */
import type { Environment } from '../config/paths.ts';

/** Of one client, as its hello says it. */
export interface ClientEnvironment {
  /** The variables that the hosts file referred to then; null: the client does not have it. */
  readonly env: Readonly<Record<string, string | null>>;
  readonly sshAuthSock?: string | undefined;
}

/** How many agents of clients that are gone are still tried: they often outlive the client. */
const KEPT_AGENTS = 8;

export class ClientEnvironments {
  /** What links are made with. It changes as clients come: read it when it is needed, and keep no copy. */
  readonly links: Record<string, string | undefined>;
  readonly #base: Environment;
  readonly #ofOwners = new WeakMap<object, Environment>();
  #shared: Environment;
  #agents: readonly string[];

  /** @param base what the program itself was started with */
  constructor(base: Environment) {
    this.#base = base;
    this.#shared = base;
    this.links = { ...base };
    const agent = base['SSH_AUTH_SOCK'];
    this.#agents = agent === undefined || agent === '' ? [] : [agent];
  }

  /** A client has come. True where it named an agent that was not the latest. */
  learn({ env, sshAuthSock }: ClientEnvironment): boolean {
    const values = Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== null);
    this.#shared = { ...this.#shared, ...Object.fromEntries(values) };
    if (sshAuthSock === undefined || sshAuthSock === this.#agents[0]) return false;
    const others = this.#agents.filter((path) => path !== sshAuthSock);
    this.#agents = [sshAuthSock, ...others].slice(0, KEPT_AGENTS);
    return true;
  }

  /** From now on the servers of this owner alone are given what that client has. */
  bind(owner: object, { env }: ClientEnvironment): void {
    const values = Object.entries(env).map(([name, value]) => [name, value ?? undefined] as const);
    this.#ofOwners.set(owner, { ...this.#base, ...Object.fromEntries(values) });
  }

  /** Where `${env:}` is looked up for servers of this owner. */
  of(owner: object): Environment {
    return this.#ofOwners.get(owner) ?? this.#shared;
  }

  /** Agent sockets that clients named, the latest first. */
  get agents(): readonly string[] {
    return this.#agents;
  }

  /** The agent that links use; undefined: as the program was started. */
  useAgent(socket: string | undefined): void {
    this.links['SSH_AUTH_SOCK'] = socket ?? this.#agents[0];
  }
}
