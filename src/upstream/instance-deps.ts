/** What an instance is given from outside. */
import type { Clock } from '../base/clock.ts';
import type { Scope } from '../base/scope.ts';
import type { LimitsPlan, ServerPlan } from '../config/plan.ts';
import type { Launch } from '../launch/launch.ts';

/** @typeParam Owner whom instances work for */
export interface InstanceDeps<Owner> {
  readonly clock: Clock;
  /** Owns what goes on beside the calls. */
  readonly scope: Scope;
  readonly maxMessageBytes: number;
  /** Left out: the defaults. */
  readonly limits?: Pick<LimitsPlan, 'callsPerServer' | 'waitingPerServer' | 'logLinesPerSecond'>;
  /** Resolves what the hosts file refers to. Its values go to the launcher only. */
  readonly resolveLaunch: (server: ServerPlan, signal: AbortSignal, owner: Owner) => Promise<Launch>;
  /** Its last lines become evidence of errors: without the secrets that it was given. */
  readonly redact: (line: string) => string;
  readonly onLine: (stream: 'stderr' | 'stdout-noise' | 'protocol', line: string) => void;
}
