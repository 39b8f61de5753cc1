/** The sessions in which the control API starts servers and calls tools: one of a face's own, and those kept for shells. */
import { AnywhereError } from '../base/errors.ts';
import { LocalClient } from '../downstream/local-client.ts';
import { type ClientEnvironment, environmentKey } from '../gateway/client-environments.ts';
import type { Gateway } from '../gateway/gateway.ts';
import { KeptSessions, type Lease } from './kept-sessions.ts';

interface LocalClientDeps {
  readonly gateway: Gateway;
  readonly version: string;
}

export function createKeptSessions(deps: LocalClientDeps): KeptSessions {
  const { gateway } = deps;
  return new KeptSessions({
    clock: gateway.clock,
    keyOf: (environment) => environmentKey(gateway.plan.hosts, environment),
    open: (environment) => openLocalClient(deps, environment),
    actFor: ({ session }, environment) => {
      gateway.actFor(session, environment);
    },
    close: (client) => {
      closeLocalClient(gateway, client);
    },
  });
}

/** What one face uses. */
export class FaceClients {
  readonly #deps: LocalClientDeps;
  readonly #kept: KeptSessions;
  readonly #environment: ClientEnvironment | undefined;
  #own: LocalClient | undefined;
  #lease: Lease | undefined;
  #isClosed = false;

  /** @param environment of the face, where it is another process: only then a session can be kept for its shell */
  constructor(deps: LocalClientDeps, kept: KeptSessions, environment: ClientEnvironment | undefined) {
    this.#deps = deps;
    this.#kept = kept;
    this.#environment = environment;
  }

  /** The session of the face, which ends with it. Undefined: not used yet. */
  get own(): LocalClient | undefined {
    return this.#own;
  }

  /** @param shell undefined: the face's own session. The first choice of `kept` or `fresh` holds for the face's whole life. */
  client(shell?: 'kept' | 'fresh'): LocalClient {
    if (this.#isClosed) throw ended();
    if (shell === undefined || this.#environment === undefined)
      return (this.#own ??= openLocalClient(this.#deps, this.#environment));
    this.#lease ??= this.#kept.lease(this.#environment, shell === 'fresh');
    return this.#lease.client;
  }

  close(): void {
    this.#isClosed = true;
    this.#lease?.release();
    if (this.#own !== undefined) closeLocalClient(this.#deps.gateway, this.#own);
  }
}

function openLocalClient(
  { gateway, version }: LocalClientDeps,
  environment: ClientEnvironment | undefined,
): LocalClient {
  return new LocalClient({
    clock: gateway.clock,
    version,
    open: (writer, observer) => gateway.openSession(writer, { isCommand: true, observer, environment }),
  });
}

function closeLocalClient(gateway: Gateway, client: LocalClient): void {
  client.close();
  gateway.closeSession(client.session, ended());
}

function ended(): AnywhereError {
  return new AnywhereError('CANCELLED', 'the command has ended');
}
