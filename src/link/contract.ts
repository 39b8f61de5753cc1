/** A host, as the rooms above see it: a `Link` dials, supervises its connections, and launches programs on them. */
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
  /** Tries again by itself at `retryAtMs` (wall clock). */
  | { readonly kind: 'waiting'; readonly retryAtMs: number; readonly attempt: number; readonly cause: AnywhereError }
  /** Waits for the user, never for a timer: for a command of theirs, or for what they changed (`remedy-watch.ts`). */
  | { readonly kind: 'refused'; readonly cause: AnywhereError }
  | { readonly kind: 'closed' };

export interface LinkChange {
  readonly from: LinkState;
  readonly to: LinkState;
  /** The reason given with the dispatch: for logs and the event stream. */
  readonly reason: string;
}

/** What the launcher on the machine reported. */
export interface Started {
  readonly pid: number;
  readonly sshdPid: number;
}

/** A started program: its channel, and who it is on that machine. */
export interface LaunchedChannel extends Channel {
  /** Resolves with the ids the launcher reported, before the first byte of the program; never rejects
   *  (undefined: it ended before, or the host is a forced-command host). */
  readonly started: Promise<Started | undefined>;
  /** Why it was not started (COMMAND_NOT_FOUND, CWD_MISSING; CHANNEL_REFUSED: our launcher never ran); known once `started` resolved. */
  readonly failure: AnywhereError | undefined;
  /** What the login shell's start files printed before the program: for its log. Complete once `started` resolved. */
  readonly noise: readonly string[];
}

/** A host, as the rooms above see it. */
export interface Link {
  readonly host: string;
  readonly state: LinkState;
  /** How many connections it holds now. */
  readonly connections: number;
  readonly backend: string;
  onChange(listener: (change: LinkChange) => void): Unsubscribe;
  /**
   * Begins to connect, or ends a waiting time now. Does nothing while refused, unless `user` asks. The host is dialled
   * before the hosts that nobody waits for, unless `isAwaited` is false.
   */
  wake(reason: string, options?: { readonly user?: boolean; readonly isAwaited?: boolean }): void;
  /** A call is about to use the line: one that does not answer a heartbeat now is given up soon. */
  poke?(): void;
  /** A heartbeat is overdue: ask `isAlive` before anything is sent that must not be sent twice. */
  readonly isDoubtful?: boolean;
  /** Resolves with true as soon as the line answered, with false when it is given up. Never rejects. */
  isAlive?(): Promise<boolean>;
  /** Resolves once ready; rejects with the cause when the attempt under way fails or it is refused. */
  ready(signal: AbortSignal): Promise<void>;
  /** Starts a program in a connection of this host (dialling if need be). */
  open(launch: Launch, signal: AbortSignal): Promise<LaunchedChannel>;
  tunnel(target: TunnelTarget, signal: AbortSignal): Promise<Duplex>;
  /** What the probe said, or undefined before the first contact. */
  readonly environment: HostEnvironment | undefined;
  /** Ends all; remote programs get EOF and are reaped by their launchers. */
  close(): Promise<void>;
}

/** What every link is given from outside. */
export interface LinkDeps extends DialerDeps {
  /** Left out: every link looks for itself. */
  readonly sleeps?: SleepWatch;
  /** Of all hosts together. Left out: every link dials at once. */
  readonly dials?: Turns;
}
