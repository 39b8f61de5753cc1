/** What an instance is given from outside. */
import type { Clock } from '../base/clock.ts';
import type { Scope } from '../base/scope.ts';
import { DEFAULTS } from '../config/defaults.ts';
import type { LimitsPlan, ServerPlan } from '../config/plan.ts';
import type { Launch } from '../launch/launch.ts';
import type { PeerLimits } from '../protocol/peer.ts';

export type InstanceLimits = Omit<
  LimitsPlan,
  'maxMessageBytes' | 'requestsPerClient' | 'logFileBytes' | 'dials' | 'launches'
>;

/** @typeParam Owner whom instances work for */
export interface InstanceDeps<Owner> {
  readonly clock: Clock;
  /** Owns what goes on beside the calls. */
  readonly scope: Scope;
  readonly maxMessageBytes: number;
  /** Those in force whenever they are read. Left out: the defaults. */
  readonly limits?: InstanceLimits;
  /** Resolves what the hosts file refers to. Its values go to the launcher only. */
  readonly resolveLaunch: (server: ServerPlan, signal: AbortSignal, owner: Owner) => Promise<Launch>;
  /** Its last lines become evidence of errors: without the secrets that it was given. */
  readonly redact: (line: string) => string;
  readonly onLine: (stream: 'stderr' | 'stdout-noise' | 'protocol', line: string) => void;
}

/** What a server has not read of its calls; with more, they are refused. */
const HELD_BYTES = 8 * 1024 * 1024;

export function limitsOf({ limits }: { readonly limits?: InstanceLimits }): InstanceLimits {
  return limits ?? DEFAULTS.limits;
}

/** They follow the hosts file while the process runs. */
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
