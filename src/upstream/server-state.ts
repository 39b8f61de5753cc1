/** The state of one configured server, over all its instances (a pure reducer; the unit dispatches), and a record for people. */
import type { AnywhereError } from '../base/errors.ts';
import type { InstanceOwner } from './instance.ts';

export interface ServerState {
  readonly starting: number;
  readonly ready: number;
  /** Why the last instance ended; cleared when an instance comes up. */
  readonly cause: AnywhereError | undefined;
  /** Consecutive instances that did not come up, or ended early without having answered a client. */
  readonly failures: number;
}

export type ServerAction =
  | { readonly type: 'launched' }
  | { readonly type: 'initialized' }
  /** The instance did not come up. */
  | { readonly type: 'start-failed'; readonly cause: AnywhereError }
  /** The instance was up and ended by itself. `worked`: the instance had answered a client, or was up for a minute. */
  | { readonly type: 'ended'; readonly cause: AnywhereError; readonly worked: boolean }
  /** We ended the instance: nothing is wrong. `wasReady` says which count drops. */
  | { readonly type: 'stopped'; readonly wasReady: boolean }
  /** An instance was up for a minute. */
  | { readonly type: 'lasted' }
  /** The user asks for a new try. */
  | { readonly type: 'forgiven' };

export type ServerStateKind = 'idle' | 'starting' | 'ready' | 'failed' | 'crash-loop';

export const INITIAL_SERVER_STATE: ServerState = { starting: 0, ready: 0, cause: undefined, failures: 0 };

/** After this many consecutive failures, calls do not wait for the next start. */
const CRASH_LOOP = 3;

export function reduceServer(state: ServerState, action: ServerAction): ServerState {
  const { starting, ready, failures } = state;
  switch (action.type) {
    case 'launched':
      return { ...state, starting: starting + 1 };
    case 'initialized':
      return { ...state, starting: starting - 1, ready: ready + 1, cause: undefined };
    case 'start-failed':
      return { ...state, starting: starting - 1, cause: action.cause, failures: failures + 1 };
    case 'ended':
      return { ...state, ready: ready - 1, cause: action.cause, failures: action.worked ? 1 : failures + 1 };
    case 'stopped':
      return action.wasReady ? { ...state, ready: ready - 1 } : { ...state, starting: starting - 1 };
    case 'lasted':
      return { ...state, failures: 0 };
    case 'forgiven':
      return { ...state, cause: undefined, failures: 0 };
  }
}

/** True until an instance comes up. */
export function isCrashLoop({ failures, cause }: ServerState): boolean {
  return failures >= CRASH_LOOP && cause !== undefined;
}

export function serverStateKind(state: ServerState): ServerStateKind {
  if (state.ready > 0) return 'ready';
  if (isCrashLoop(state)) return 'crash-loop';
  if (state.starting > 0) return 'starting';
  return state.cause === undefined ? 'idle' : 'failed';
}

export interface LastFailure {
  readonly cause: AnywhereError;
  /** Wall clock, ms since the epoch. */
  readonly atMs: number;
}

/** Counts restarts and keeps the last failure. Nothing decides on these. */
export class UnitRecord {
  readonly #fallen = new WeakSet<InstanceOwner>();
  /** A person restarted the server: the next launch counts as a restart. */
  #isRestarting = false;
  #restarts = 0;
  #lastFailure: LastFailure | undefined;
  #failingSinceMs: number | undefined;

  /** How many instances replaced a lost or failed instance, or came with a restart. An instance that idled out does not count. */
  get restarts(): number {
    return this.#restarts;
  }

  /** The last failure of an instance, even when a later instance works. */
  get lastFailure(): LastFailure | undefined {
    return this.#lastFailure;
  }

  /** Wall clock: the first failure since an instance was last up. */
  get failingSinceMs(): number | undefined {
    return this.#failingSinceMs;
  }

  launched(owner: InstanceOwner): void {
    if (this.#fallen.delete(owner) || this.#isRestarting) this.#restarts += 1;
    this.#isRestarting = false;
  }

  cameUp(): void {
    this.#failingSinceMs = undefined;
  }

  restarted(): void {
    this.#isRestarting = true;
  }

  /** The owner's instance is gone, and was still needed. */
  fell(owner: InstanceOwner): void {
    this.#fallen.add(owner);
  }

  failed(owner: InstanceOwner, failure: LastFailure): void {
    this.fell(owner);
    this.#lastFailure = failure;
    this.#failingSinceMs ??= failure.atMs;
  }
}
