/**
 * What a connection to a machine is, for every backend: a `Dialer` makes a `Transport`, and a `Transport` opens a `Channel`
 * for each program. None of them knows MCP or launching; ssh2, openssh and local each implement all three.
 */
import type { Duplex, Readable, Writable } from 'node:stream';
import type { Clock } from '../base/clock.ts';
import type { AnywhereError } from '../base/errors.ts';
import type { Log } from '../telemetry/log.ts';

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

/** What a person is asked for: a passphrase, a password, a one-time code. */
export interface Question {
  readonly host: string;
  readonly kind: 'passphrase' | 'password' | 'keyboard-interactive';
  readonly text: string;
  readonly echo: boolean;
}

/** Asks a person; undefined when nobody can be asked or they declined. Answers are never logged. */
export type Prompter = (question: Question, signal: AbortSignal) => Promise<string | undefined>;

/** What every dialer is given from outside. */
export interface DialerDeps {
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
}

export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: ReadonlyMap<string, string>;
  /** Of the client's environment, for a program on this machine; `env` and a newer PATH of the login shell outrank it. */
  readonly inherited?: ReadonlyMap<string, string>;
  /** May begin with `~/`. Undefined: where the login lands. */
  readonly cwd: string | undefined;
}

/** What the probe learns of a machine once; cached by host key. */
export interface HostEnvironment {
  /** `uname -sm`, as "Linux x86_64". */
  readonly system: string;
  readonly shell: string;
  /** How the login shell was asked, for people: `-ilc`. Empty: it said nothing. */
  readonly asked: string;
  /** Allow-listed variables of the login shell's environment, PATH among them. */
  readonly variables: ReadonlyMap<string, string>;
}
