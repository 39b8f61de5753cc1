/** The dependencies of an instance. */
import type { Clock } from '../base/clock.ts';
import type { Scope } from '../base/scope.ts';
import { DEFAULTS } from '../config/defaults.ts';
import type { LimitsPlan, ServerPlan } from '../config/plan.ts';
import type { Launch } from '../launch/contract.ts';
import type { PeerLimits } from '../protocol/peer.ts';

export type InstanceLimits = Omit<
  LimitsPlan,
  'maxMessageBytes' | 'requestsPerClient' | 'logFileBytes' | 'dials' | 'launches'
>;

/** @typeParam Owner the client of an instance */
export interface InstanceDeps<Owner> {
  readonly clock: Clock;
  /** Owns background work. */
  readonly scope: Scope;
  readonly maxMessageBytes: number;
  /** The current limits whenever they are read. Left out: the defaults. */
  readonly limits?: InstanceLimits;
  /** Resolves the references of the hosts file. Their values go to the launcher only. */
  readonly resolveLaunch: (server: ServerPlan, signal: AbortSignal, owner: Owner) => Promise<Launch>;
  /** Removes the server's secrets from output lines, which become evidence of errors. */
  readonly redact: (line: string) => string;
  readonly onLine: (stream: 'stderr' | 'stdout-noise' | 'protocol', line: string) => void;
}

/** Bytes that may wait for a server that does not read its input; further calls are refused. */
const HELD_BYTES = 8 * 1024 * 1024;

export function limitsOf({ limits }: { readonly limits?: InstanceLimits }): InstanceLimits {
  return limits ?? DEFAULTS.limits;
}

/** The limits follow the hosts file while the process runs. */
export function peerLimits(deps: { readonly limits?: InstanceLimits }): PeerLimits {
  return {
    get inFlight() {
      return limitsOf(deps).callsPerServer;
    },
    get waiting() {
      return limitsOf(deps).waitingPerServer;
    },
    heldBytes: HELD_BYTES,
  };
}
