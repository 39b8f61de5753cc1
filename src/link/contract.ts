/**
 * What a way to a machine is, whichever way it is.
 *
 * Two levels. A `Transport` is one live connection and knows nothing of MCP or launching; ssh2, openssh
 * and local each implement it. A `Link` is what the rooms above see of a host: it dials transports,
 * spills over to another past MaxSessions, supervises them, and launches programs.
 */
import type { Duplex, Readable, Writable } from 'node:stream';
import type { Clock } from '../base/clock.ts';
import type { Unsubscribe } from '../base/emitter.ts';
import type { AnywhereError } from '../base/errors.ts';
import type { HostEnvironment, Launch } from '../launch/launch.ts';
import type { Log } from '../telemetry/log.ts';
import type { SleepWatch } from './sleep-watch.ts';

/** How a program's channel ended. It ends once. */
export type ChannelEnd =
  /** The program ended by itself. `signal` is a name like TERM. */
  | { readonly kind: 'exited'; readonly code: number | undefined; readonly signal: string | undefined }
  /** We closed it. */
  | { readonly kind: 'closed' }
  /** The connection under it died. */
  | { readonly kind: 'lost'; readonly cause: AnywhereError };

/** One program's bytes. Flow control is that of Node streams: heed `write`'s answer, `pause` the output. */
export interface Channel {
  readonly input: Writable;
  readonly output: Readable;
  /** stderr, apart. */
  readonly errors: Readable;
  /** Never rejects. */
  readonly ended: Promise<ChannelEnd>;
  /** True as soon as the connection is known dead: then writes fail, whatever the stream says. */
  readonly dead: boolean;
  /** EOF to the program, then the end of the channel. The launcher on the other side reaps. */
  close(): void;
}

export interface TunnelTarget {
  readonly host: string;
  readonly port: number;
}

/** Why a transport ended: ours or theirs. */
export interface TransportEnd {
  readonly cause: AnywhereError;
}

/** One live connection to a machine. */
export interface Transport {
  /**
   * Starts `command` through the login shell (ssh's exec). Rejects with CHANNEL_REFUSED when the
   * machine wants no more sessions on this connection; the connection stays usable.
   */
  exec(command: string, signal: AbortSignal): Promise<Channel>;
  /** A forced-command or subsystem host: no launcher there. */
  subsystem(name: string, signal: AbortSignal): Promise<Channel>;
  /** direct-tcpip. */
  tunnel(target: TunnelTarget, signal: AbortSignal): Promise<Duplex>;
  /** Resolves when the connection has ended, for whatever reason. Never rejects. */
  readonly ended: Promise<TransportEnd>;
  /** Names the machine for the probe's cache: its host key's fingerprint, or "local". */
  readonly identity: string;
  /**
   * True when the end of our side, SIGKILL included, closes every channel there as a whole. Undefined or false: it may arrive
   * as the EOF of stdin alone (a process that carries the connection outlives us), so launchers watch stdin.
   */
  readonly closesWhole?: boolean;
  /** The user's own connection, which outlives us and is never ended by us. */
  readonly isBorrowed?: boolean;
  /** What came from the other side so far: a line that brings bytes is alive. Undefined: not known. */
  readonly bytesRead?: number | undefined;
  /** Graceful end; resolves when it is down. */
  close(): Promise<void>;
  /** At once, without a word to the other side. */
  destroy(cause: AnywhereError): void;
}

/** How an attempt to connect fares: the number changes while it gets on. Undefined: nothing can be said. */
export interface Pulse {
  source: () => number | undefined;
}

/** Makes connections to one host. Throws AnywhereError: AUTH_*, HOST_KEY_* and KEY_* mean `refused`. */
export interface Dialer {
  readonly host: string;
  /** For `status` and doctor: "ssh2", "openssh", "local", "openssh (control master)". */
  readonly backend: () => string;
  /** @param pulse filled in by dialers that can tell */
  dial(signal: AbortSignal, pulse?: Pulse): Promise<Transport>;
}

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
  /** Begins to connect, or ends a waiting time now. Does nothing while refused, unless `user` asks. */
  wake(reason: string, options?: { readonly user?: boolean }): void;
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

/** What a person is asked for: a passphrase, a password, a one-time code. */
export interface Question {
  readonly host: string;
  readonly kind: 'passphrase' | 'password' | 'keyboard-interactive';
  readonly text: string;
  readonly echo: boolean;
}

/** Asks a person; undefined when nobody can be asked or they declined. Answers are never logged. */
export type Prompter = (question: Question, signal: AbortSignal) => Promise<string | undefined>;

/** What every kind of link is given from outside. */
export interface LinkDeps {
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly log: Log;
  readonly prompter: Prompter;
  /** The environment of the user (SSH_AUTH_SOCK, SSH_ASKPASS, PATH, HOME …). */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Called before every dial: brings `env` up to date (the agent may listen elsewhere by now). Rejects with the signal's reason only. */
  readonly refreshEnv?: ((signal: AbortSignal) => Promise<void>) | undefined;
  readonly homeDir: string;
  /** 0700, ours: what the probe learned, which backend worked. */
  readonly cacheDir: string;
  /** 0700, ours, short: control sockets. */
  readonly runtimeDir: string;
  /** Left out: every link looks for itself. */
  readonly sleeps?: SleepWatch;
}
