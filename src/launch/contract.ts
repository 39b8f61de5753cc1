/**
 * Connections to a machine, for every backend: a `Dialer` makes a `Transport`, and a `Transport` opens a `Channel` for each
 * program. ssh2, openssh and local implement all three, and none of them knows MCP or the launcher. `Launch` is the program.
 */
import type { Duplex, Readable, Writable } from 'node:stream';
import type { Clock } from '../base/clock.ts';
import type { AnywhereError } from '../base/errors.ts';
import type { Log } from '../telemetry/log.ts';

/** How a program's channel ended; a channel ends once. */
export type ChannelEnd =
  /** The program ended by itself. `signal` is a name like TERM. */
  | { readonly kind: 'exited'; readonly code: number | undefined; readonly signal: string | undefined }
  /** We closed it. */
  | { readonly kind: 'closed' }
  /** The connection under it died. */
  | { readonly kind: 'lost'; readonly cause: AnywhereError };

/** One program's bytes, with the flow control of Node streams. */
export interface Channel {
  readonly input: Writable;
  readonly output: Readable;
  /** stderr, apart. */
  readonly errors: Readable;
  /** Never rejects. */
  readonly ended: Promise<ChannelEnd>;
  /** True as soon as the connection is known to be dead. Writes then fail, whatever the stream says. */
  readonly dead: boolean;
  /** EOF to the program, then the end of the channel. The launcher on the other side reaps. */
  close(): void;
}

export interface TunnelTarget {
  readonly host: string;
  readonly port: number;
}

/** Why a transport ended: by us or by the machine. */
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
  /** Resolves once the connection has ended. Never rejects. */
  readonly ended: Promise<TransportEnd>;
  /** Names the machine for the probe's cache: its host key's fingerprint, or "local". */
  readonly identity: string;
  /**
   * True where the end of this process, SIGKILL included, closes every channel as a whole. Otherwise only the EOF of stdin may
   * arrive, because the process that carries the connection outlives this one, and launchers watch stdin.
   */
  readonly closesWhole?: boolean;
  /** The user's own connection: it outlives this process and is never ended by us. */
  readonly isBorrowed?: boolean;
  /** Bytes received so far: a connection that brings bytes is alive. Undefined where unknown. */
  readonly bytesRead?: number | undefined;
  /** Ends the connection gracefully; resolves once it has ended. */
  close(): Promise<void>;
  /** Ends the connection at once, without telling the machine. */
  destroy(cause: AnywhereError): void;
}

/** The progress of an attempt to connect: a number that changes while the attempt advances. Undefined where unknown. */
export interface Pulse {
  source: () => number | undefined;
}

/** Makes connections to one host. Throws AnywhereError: AUTH_*, HOST_KEY_* and KEY_* mean `refused`. */
export interface Dialer {
  readonly host: string;
  /** "ssh2", "openssh", "local" or "openssh (control master)", for `status` and doctor. */
  readonly backend: () => string;
  /** @param pulse set by dialers that know their progress */
  dial(signal: AbortSignal, pulse?: Pulse): Promise<Transport>;
}

/** A question to a person: for a passphrase, a password, a one-time code. */
export interface Question {
  readonly host: string;
  readonly kind: 'passphrase' | 'password' | 'keyboard-interactive';
  readonly text: string;
  readonly echo: boolean;
}

/** Asks a person; undefined where nobody can be asked or the person declined. Answers are never logged. */
export type Prompter = (question: Question, signal: AbortSignal) => Promise<string | undefined>;

/** Given to every dialer from outside. */
export interface DialerDeps {
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly log: Log;
  readonly prompter: Prompter;
  /** The environment of the user (SSH_AUTH_SOCK, SSH_ASKPASS, PATH, HOME …). */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Called before every dial: updates `env`, because the agent may listen at another socket. Rejects with the signal's reason only. */
  readonly refreshEnv?: ((signal: AbortSignal) => Promise<void>) | undefined;
  readonly homeDir: string;
  /** 0700, ours: environments of machines, backends that worked. */
  readonly cacheDir: string;
  /** 0700, ours, short: control sockets. */
  readonly runtimeDir: string;
}

/** What is looked up on the machine when the program starts. The value never leaves the machine. */
export type Lookup = { readonly variable: string; readonly fallback?: string } | { readonly file: string };

/** A text, or its parts in order. */
export type Word = string | readonly (string | Lookup)[];

/** A program to start on a machine, with every reference of the hosts file resolved. */
export interface Launch {
  readonly command: string;
  readonly args: readonly Word[];
  readonly env: ReadonlyMap<string, Word>;
  /** A file on the machine with lines `NAME=value`; `env` outranks them. */
  readonly envFile?: Word | undefined;
  /** The client's variables, for a program on this machine; `env` and a newer PATH of the login shell outrank them. */
  readonly inherited?: ReadonlyMap<string, string>;
  /** May begin with `~/`. Undefined: the folder of the login. */
  readonly cwd: Word | undefined;
}

/** The answer of the probe on a machine; cached by host key. */
export interface HostEnvironment {
  /** `uname -sm`, as "Linux x86_64". */
  readonly system: string;
  readonly shell: string;
  /** How the login shell was asked, for people: `-ilc`. Empty where the shell printed nothing. */
  readonly asked: string;
  /** Allow-listed variables of the login shell's environment, PATH among them. */
  readonly variables: ReadonlyMap<string, string>;
}
