/** A `Link` is a host for the rooms above: it dials, supervises the connections, and launches programs on them. */
import type { Duplex } from 'node:stream';
import type { Unsubscribe } from '../base/emitter.ts';
import type { AnywhereError } from '../base/errors.ts';
import type { Turns } from '../base/turns.ts';
import type { Channel, DialerDeps, HostEnvironment, Launch, TunnelTarget } from '../launch/contract.ts';
import type { SleepWatch } from './sleep-watch.ts';

export type LinkState =
  | { readonly kind: 'idle' }
  | {
      readonly kind: 'connecting';
      readonly sinceMs: number;
      readonly attempt: number;
      readonly lastCause: AnywhereError | undefined;
    }
  | { readonly kind: 'ready'; readonly sinceMs: number; readonly rttMs: number | undefined }
  /** Dials again at `retryAtMs` (wall clock). */
  | { readonly kind: 'waiting'; readonly retryAtMs: number; readonly attempt: number; readonly cause: AnywhereError }
  /** Waits for the user, never for a timer: for a command, or for a change of keys or configuration (`remedy-watch.ts`). */
  | { readonly kind: 'refused'; readonly cause: AnywhereError }
  | { readonly kind: 'closed' };

export interface LinkChange {
  readonly from: LinkState;
  readonly to: LinkState;
  /** The reason given with the dispatch: for logs and the event stream. */
  readonly reason: string;
}

/** The report of the launcher on the machine. */
export interface Started {
  readonly pid: number;
}

/** A started program: its channel and its ids on the machine. */
export interface LaunchedChannel extends Channel {
  /** Resolves before the first byte of the program. Undefined where the launcher ended before, or on a forced-command host.
   *  Never rejects. */
  readonly started: Promise<Started | undefined>;
  /** Why the program was not started (COMMAND_NOT_FOUND, CWD_MISSING; CHANNEL_REFUSED: the launcher did not run). Known once `started` resolved. */
  readonly failure: AnywhereError | undefined;
  /** Output of the login shell's start files, for the log. Complete once `started` resolved. */
  readonly noise: readonly string[];
}

/** A host, as the rooms above see it. */
export interface Link {
  readonly host: string;
  readonly state: LinkState;
  /** Wall clock: the first failure since the host was last up. Undefined while nothing has failed. */
  readonly failingSinceMs?: number | undefined;
  /** The number of connections. */
  readonly connections: number;
  readonly backend: string;
  onChange(listener: (change: LinkChange) => void): Unsubscribe;
  /**
   * Connects now, also where the link waits before the next attempt. While refused, only for `user`. The host is dialled
   * before the hosts that nobody waits for, unless `isAwaited` is false.
   */
  wake(reason: string, options?: { readonly user?: boolean; readonly isAwaited?: boolean }): void;
  /** A call is about to use the connection: where heartbeats are late, the connection is replaced soon. */
  poke?(): void;
  /** A heartbeat is overdue: wait for `isAlive` before sending a message that must not be sent twice. */
  readonly isDoubtful?: boolean;
  /** Resolves with true once the host answers, with false once the connection is given up. Never rejects. */
  isAlive?(): Promise<boolean>;
  /** Resolves once ready; rejects with the cause where the attempt under way fails or is refused. */
  ready(signal: AbortSignal): Promise<void>;
  /** Starts a program on a connection of this host; dials where there is none. */
  open(launch: Launch, signal: AbortSignal): Promise<LaunchedChannel>;
  tunnel(target: TunnelTarget, signal: AbortSignal): Promise<Duplex>;
  /** The answer of the probe; undefined before the first contact. */
  readonly environment: HostEnvironment | undefined;
  /** Ends all connections; remote programs get EOF and are reaped by their launchers. */
  close(): Promise<void>;
}

/** Given to every link from outside. */
export interface LinkDeps extends DialerDeps {
  /** Left out: every link watches by itself. */
  readonly sleeps?: SleepWatch;
  /** Of all hosts together. Left out: every link dials at once. */
  readonly dials?: Turns;
}
