/**
 * The sessions that the daemon keeps for the shells of its user: the next `call` of a shell finds its servers running, with
 * their state.
 *
 * Shells share a session where everything is equal that servers could get from them. A session ends when no command
 * has used it for a minute; its servers end with it.
 */
import type { CancelTimer, Clock } from '../base/clock.ts';
import type { LocalClient } from '../downstream/local-client.ts';
import type { ClientSession } from '../downstream/session.ts';
import type { ClientEnvironment } from '../gateway/client-environments.ts';

/** How long a session is kept after its last command. */
export const KEPT_MS = 60_000;
/** Scripts that change a variable with every command would otherwise leave a session for each. */
const MOST_IDLE = 16;

export interface KeptSessionsDeps {
  readonly clock: Clock;
  /** Equal for shells that can share a session. */
  readonly keyOf: (environment: ClientEnvironment) => string;
  readonly open: (environment: ClientEnvironment) => LocalClient;
  /** The session acts for this shell from now on, whose values are equal. */
  readonly actFor: (client: LocalClient, environment: ClientEnvironment) => void;
  readonly close: (client: LocalClient) => void;
}

/** The use of a session by one command. */
export interface Lease {
  readonly client: LocalClient;
  release(): void;
}

/** What people see of a session. `endsMs`: wall clock; absent while a command uses the session. */
export interface KeptState {
  readonly endsMs?: number;
}

interface Kept {
  readonly key: string;
  readonly client: LocalClient;
  users: number;
  endsMs: number | undefined;
  cancel: CancelTimer;
}

export class KeptSessions {
  readonly #deps: KeptSessionsDeps;
  /** The sessions that the next command of a shell gets. */
  readonly #byKey = new Map<string, Kept>();
  /** With those that `fresh` replaced, and that commands still use. */
  readonly #all = new Set<Kept>();

  constructor(deps: KeptSessionsDeps) {
    this.#deps = deps;
  }

  /** @param fresh a new session takes the place of the kept one, which ends with its last command */
  lease(environment: ClientEnvironment, fresh: boolean): Lease {
    const key = this.#deps.keyOf(environment);
    if (fresh) this.#replace(key);
    const kept = this.#byKey.get(key) ?? this.#open(key, environment);
    this.#deps.actFor(kept.client, environment);
    kept.cancel();
    kept.endsMs = undefined;
    kept.users += 1;
    let isOver = false;
    return {
      client: kept.client,
      release: () => {
        if (!isOver) this.#released(kept);
        isOver = true;
      },
    };
  }

  /** Undefined for any other session. */
  stateOf(session: ClientSession): KeptState | undefined {
    const kept = [...this.#all].find(({ client }) => client.session === session);
    if (kept === undefined) return undefined;
    return kept.endsMs === undefined ? {} : { endsMs: kept.endsMs };
  }

  close(): void {
    for (const kept of [...this.#all]) this.#end(kept);
  }

  #open(key: string, environment: ClientEnvironment): Kept {
    const client = this.#deps.open(environment);
    const kept = { key, client, users: 0, endsMs: undefined, cancel: () => undefined };
    this.#byKey.set(key, kept);
    this.#all.add(kept);
    return kept;
  }

  #replace(key: string): void {
    const kept = this.#byKey.get(key);
    this.#byKey.delete(key);
    if (kept?.users === 0) this.#end(kept);
  }

  #released(kept: Kept): void {
    kept.users -= 1;
    if (kept.users > 0 || !this.#all.has(kept)) return;
    if (this.#byKey.get(kept.key) !== kept) {
      this.#end(kept);
      return;
    }
    const { clock } = this.#deps;
    kept.endsMs = clock.now() + KEPT_MS;
    const end = (): void => {
      this.#end(kept);
    };
    kept.cancel = clock.after(KEPT_MS, end, { background: true });
    // In the order of their last use: the one that ends first stands first.
    this.#all.delete(kept);
    this.#all.add(kept);
    const idle = [...this.#all].filter(({ users }) => users === 0);
    for (const one of idle.slice(0, Math.max(0, idle.length - MOST_IDLE))) this.#end(one);
  }

  #end(kept: Kept): void {
    kept.cancel();
    this.#all.delete(kept);
    if (this.#byKey.get(kept.key) === kept) this.#byKey.delete(kept.key);
    this.#deps.close(kept.client);
  }
}
