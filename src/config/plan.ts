/**
 * The resolved hosts file: everything required, units in the names, no secret value in it.
 *
 * Rooms above see only these types; only `schema.ts` and `resolve.ts` know the file itself.
 */

/** One reference of a value that is looked up when a server starts, and never printed. */
export type Reference =
  | { readonly kind: 'env'; readonly name: string; readonly fallback?: string }
  /** `cwd`: the folder of the hosts file, absolute. */
  | { readonly kind: 'cmd'; readonly command: string; readonly cwd?: string }
  | { readonly kind: 'file'; readonly path: string }
  /** `revision`: grows when the stored secret is found to have changed, which restarts the server. */
  | { readonly kind: 'keychain'; readonly name: string; readonly revision?: number };

/** A configured text: literal pieces and references, in order. */
export interface Template {
  readonly pieces: readonly (string | Reference)[];
}

export type Sharing = 'session' | 'shared';

/** Filter and renaming of one server's tools; globs over the server's own tool names. */
export interface ToolsPlan {
  /** Empty means all. */
  readonly allow: readonly string[];
  readonly deny: readonly string[];
  /** Original name → the name used inside the public one. */
  readonly rename: ReadonlyMap<string, string>;
}

/** Of a server that an AI client's file on the host names. */
export interface FoundPlan {
  /** The ids of the clients that name the server; the first is the one whose entry counts. */
  readonly from: readonly [string, ...string[]];
  /** The file of that entry. */
  readonly file: string;
  /** Why the server is not started, in words; undefined: nothing is in the way. */
  readonly notStarted: string | undefined;
}

export interface ServerPlan {
  readonly name: string;
  readonly host: string;
  /** The names of host and server in public names: `as`, or else their own. */
  readonly namedAs: readonly [host: string, server: string];
  readonly command: string;
  readonly args: readonly Template[];
  readonly env: ReadonlyMap<string, Template>;
  /** Variables of the client that a server on this machine gets beside the short list. */
  readonly inheritEnv: readonly string[];
  /** As written: may begin with `~/`, which the remote shell expands. */
  readonly cwd: string | undefined;
  readonly sharing: Sharing;
  readonly tools: ToolsPlan;
  /** A call, reset by progress. */
  readonly timeoutMs: number;
  /** A call, whatever progress it reports. */
  readonly totalTimeoutMs: number;
  /** Time between pings of an idle server; 0: never. */
  readonly pingMs: number;
  /** From launch to the answer of `initialize`. */
  readonly startTimeoutMs: number;
  /** An instance unused for this time is ended. */
  readonly idleMs: number;
  readonly enabled: boolean;
  /** Undefined: the hosts file names the server. Otherwise `command`, `args` and `env` are only what may be shown. */
  readonly found?: FoundPlan | undefined;
  /** Grows when a client's entry changes in what is not shown. */
  readonly revision?: number | undefined;
}

export type SshBackend = 'auto' | 'ssh2' | 'openssh';

/** The ssh settings of the hosts file; the others come from `ssh -G <alias>`. */
export interface SshPlan {
  /** The name given to ssh: an alias of ~/.ssh/config or a host name. */
  readonly alias: string;
  readonly host: string | undefined;
  readonly user: string | undefined;
  readonly port: number | undefined;
  /** Absolute, `~` expanded. Empty: what ssh says. */
  readonly identityFiles: readonly string[];
  readonly proxyJump: string | undefined;
  /** As `ssh -F`: undefined lets ssh read the user's and the system's. */
  readonly configFile: string | undefined;
  /** Absolute. Empty: what ssh says. */
  readonly knownHostsFiles: readonly string[];
  readonly backend: SshBackend;
  /** For hosts with a forced command: every server is this subsystem, and nothing is launched. */
  readonly subsystem: string | undefined;
  /** Use the master connection that the user's own ssh keeps (ControlPath), where there is one. */
  readonly reuseControlMaster: boolean;
  /** Programs on the machine may use the user's agent. */
  readonly forwardAgent: boolean;
  readonly connectTimeoutMs: number;
}

/** Which AI clients' files on a host are read. */
export interface DiscoverPlan {
  /** Empty: all. */
  readonly clients: readonly string[];
  /** Folders on the host, absolute or from `~/`. */
  readonly projects: readonly string[];
  /** The name of the host in public names. */
  readonly as: string;
}

export interface HostPlan {
  readonly name: string;
  readonly tags: readonly string[];
  /** Undefined: this machine itself, without ssh. */
  readonly ssh: SshPlan | undefined;
  readonly servers: readonly ServerPlan[];
  /** Undefined: only the servers of the hosts file count. */
  readonly discover?: DiscoverPlan | undefined;
}

export interface ReconnectPlan {
  readonly initialMs: number;
  readonly maxMs: number;
  /** Failed attempts in a row after which it waits for the user; Infinity for `unlimited`. */
  readonly attempts: number;
}

export interface HeartbeatPlan {
  readonly intervalMs: number;
  /** Without a heartbeat for this time, the remote side ends everything that we started. */
  readonly leaseMs: number;
}

/** How much of everything one server or client may use. */
export interface LimitsPlan {
  readonly maxMessageBytes: number;
  /** Calls under way at one server process; more wait. */
  readonly callsPerServer: number;
  /** Calls that wait at one server process; more are refused. */
  readonly waitingPerServer: number;
  /** Requests of one AI client that are not answered; more are refused. */
  readonly requestsPerClient: number;
  /** Requests of one server process that its client has not answered; more are refused. */
  readonly serverRequests: number;
  /** Of what a server lists: one definition, how deep it is nested, and all of one list. The rest is withheld. */
  readonly definitionBytes: number;
  readonly definitionDepth: number;
  readonly listingBytes: number;
  readonly listingItems: number;
  readonly listingPages: number;
  /** Connections that are being made at once, and servers that are being launched; more wait. */
  readonly dials: number;
  readonly launches: number;
  /** Log lines, log messages and other notifications of one server; more are dropped and counted. */
  readonly logLinesPerSecond: number;
  /** A log file is rotated at this size; two are kept. */
  readonly logFileBytes: number;
}

/** How a pool chooses the member that takes a call. */
export type PoolStrategy = 'least-busy' | 'round-robin' | 'fastest' | 'failover' | 'sticky';

/** Equal servers on several hosts, whose tools are offered once. */
export interface PoolPlan {
  readonly name: string;
  /** `host/server`, in the order of the patterns that name them and then of the hosts file. A server is in one pool at most. */
  readonly members: readonly string[];
  /** As the hosts file has them: a server that is found may be a member too. */
  readonly patterns?: readonly string[];
  readonly strategy: PoolStrategy;
  /** Tools take one more argument, by which a client chooses the host. */
  readonly pin: boolean;
}

export interface NamingPlan {
  /** Longest public name, in characters. */
  readonly maxLength: number;
  /** `place`: with more than one server, titles say where a tool runs. */
  readonly titles: 'place' | 'keep';
}

export interface Plan {
  /** Absolute path of the hosts file. */
  readonly file: string;
  readonly hosts: readonly HostPlan[];
  readonly pools: readonly PoolPlan[];
  readonly naming: NamingPlan;
  readonly catalog: { readonly ttlMs: number };
  readonly reconnect: ReconnectPlan;
  readonly heartbeat: HeartbeatPlan;
  readonly limits: LimitsPlan;
}
