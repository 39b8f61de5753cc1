/**
 * The control API: what every face (CLI, dashboard, later web) can see and do.
 *
 * JSON-RPC 2.0 over newline-delimited JSON, the same over memory as over the daemon's socket. Additions
 * keep `CONTROL_VERSION`; a change of meaning raises it.
 */
import type { ErrorReport } from '../base/errors.ts';
import type { GatewayEvent, HostStateName, LogStream, ServerStateName } from './events.ts';

/** Two sides that differ in it do not understand each other. @public */
export const CONTROL_VERSION = 1;

export interface ServerStatus {
  readonly name: string;
  readonly state: ServerStateName;
  readonly cause?: ErrorReport;
  /** How many tools it offers, as last listed and filtered. */
  readonly tools: number;
  /** Tools withheld or renamed, and other complaints that do not stop the server. */
  readonly problems: readonly ErrorReport[];
  /** Tools come from the disk cache; the server has not said them in this run. */
  readonly cached: boolean;
  /** Program and arguments as the hosts file says them; references stay references. */
  readonly command: readonly string[];
  /** Names of the variables it is given; never their values. */
  readonly env: readonly string[];
  /** Its processes that are up. */
  readonly instances: readonly InstanceStatus[];
  /** How many took the place of one that was lost or failed, or came with a restart, in this run. */
  readonly restarts: number;
  /** Why one failed last, though others may be up since. */
  readonly lastFailure?: { readonly atMs: number; readonly cause: ErrorReport };
}

/** A process of a server. */
export interface InstanceStatus {
  /** On its machine; left out where the launcher could not say. */
  readonly pid?: number;
  /** Wall clock, ms since the epoch. */
  readonly sinceMs: number;
  /** The client it works for; left out where it serves all. */
  readonly client?: string;
}

export interface HostStatus {
  readonly name: string;
  readonly state: HostStateName;
  readonly cause?: ErrorReport;
  readonly rttMs?: number;
  readonly retryAtMs?: number;
  readonly connections: number;
  readonly backend: string;
  readonly tags: readonly string[];
  readonly servers: readonly ServerStatus[];
}

export interface PoolStatus {
  readonly name: string;
  readonly strategy: 'least-busy' | 'round-robin' | 'fastest' | 'failover' | 'sticky';
  /** Its tools take an argument that chooses the host. */
  readonly pin: boolean;
  readonly tools: number;
  /** In the order of the hosts file's patterns. */
  readonly members: readonly PoolMemberStatus[];
}

export interface PoolMemberStatus {
  readonly host: string;
  readonly server: string;
  /** up: calls go there first. untried: not connected yet. retrying: its host or it itself has failed. refused: its host waits for you. */
  readonly state: 'up' | 'untried' | 'retrying' | 'refused' | 'disabled';
  /** How many of the pool's tools it answers: those that it defines as most members do. */
  readonly tools: number;
  /** Calls of the pool under way there. */
  readonly inFlight: number;
  /** How long they take lately; left out before the first one. */
  readonly latencyMs?: number;
  /** Less than 1 for a while after it came back: the part of its share that it takes already. */
  readonly share: number;
}

export interface ClientStatus {
  readonly id: string;
  readonly name: string;
  readonly version: string;
  readonly sinceMs: number;
}

/** What is said is said on an earlier hosts file. */
export interface HostsFileProblem {
  /** Why the hosts file as it stands now is not in force: the last good one is. */
  readonly problem?: ErrorReport;
}

/** What `status --json` prints (DESIGN.md, outside contract). */
export interface StatusSnapshot extends HostsFileProblem {
  readonly schemaVersion: 1;
  readonly daemon: DaemonStatus | null;
  readonly hosts: readonly HostStatus[];
  /** Left out where the hosts file has none. */
  readonly pools?: readonly PoolStatus[];
  readonly clients: readonly ClientStatus[];
  /** Under way. */
  readonly calls: readonly LiveCall[];
}

export interface DaemonStatus {
  readonly pid: number;
  readonly version: string;
  readonly uptimeMs: number;
  /** Absolute path of the hosts file it works for. */
  readonly hostsFile: string;
}

/** A tools/call that has not been answered yet. */
export interface LiveCall {
  /** Its number in this run: what `call/cancel` takes, and what events call it. */
  readonly call: number;
  /** Of the client that calls: its id, and the name it gave. */
  readonly client: string;
  readonly clientName: string;
  readonly host: string;
  readonly server: string;
  /** The server's own name for it. */
  readonly tool: string;
  /** Wall clock, ms since the epoch. */
  readonly startedMs: number;
  /** Size of the request. */
  readonly bytesIn?: number;
  /** As the server last told (MCP, utilities/progress): so much is done, of `total` where that is known. */
  readonly progress?: number;
  readonly total?: number;
  readonly message?: string;
}

/** A question to a person that nobody has answered yet. */
export interface PendingPrompt {
  readonly id: number;
  readonly host: string;
  /** passphrase · password · keyboard-interactive */
  readonly kind: string;
  readonly text: string;
  /** False: the answer is a secret, and is not shown while it is typed. */
  readonly echo: boolean;
  /** Wall clock, ms since the epoch. */
  readonly sinceMs: number;
}

export type StatWindow = 'hour' | 'day';
export type StatKey = 'tool' | 'server' | 'host' | 'client';

/** What was called how often, and how fast it was. */
export interface StatRow {
  readonly key: string;
  readonly calls: number;
  readonly errors: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/** What is so about a host or server, or what an error code means, in words. */
export interface Explanation {
  readonly title: string;
  readonly lines: readonly string[];
  /** The next command. */
  readonly hint?: string;
  /** What is wrong with it, as data. */
  readonly causes: readonly ErrorReport[];
}

export interface ToolEntry {
  /** The public name. */
  readonly name: string;
  readonly host: string;
  readonly server: string;
  /** The server's own name for it. */
  readonly original: string;
  /** A pool offers it: `host` and `server` are the first of its members (`host/server`). */
  readonly pool?: { readonly name: string; readonly members: readonly string[] };
  readonly title?: string;
  readonly description?: string;
  /** The definition as the server wrote it, public name in place. */
  readonly definition: unknown;
}

export interface CallOutcome {
  readonly host: string;
  readonly server: string;
  readonly tool: string;
  readonly durationMs: number;
  /** The server's CallToolResult as it came. */
  readonly result: unknown;
}

export interface LogEntry {
  readonly atMs: number;
  readonly host: string;
  readonly server?: string;
  readonly stream: LogStream;
  readonly line: string;
}

/** One line of `doctor`: ✓, ✖, or ○ for what could not be tried. */
export interface DoctorStep {
  readonly host?: string;
  readonly server?: string;
  /** config · ssh-config · agent · host-key · login · probe · server */
  readonly check: 'daemon' | 'config' | 'ssh-config' | 'agent' | 'host-key' | 'login' | 'probe' | 'server';
  readonly outcome: 'ok' | 'warning' | 'failed' | 'skipped';
  readonly text: string;
  readonly cause?: ErrorReport;
  readonly durationMs: number;
}

/** One machine on the way (each jump host too) and the keys it shows. */
export interface TrustCandidate {
  /** How known_hosts names it: `host` or `[host]:port`. */
  readonly name: string;
  readonly keys: readonly { readonly type: string; readonly fingerprint: string }[];
  /** known: nothing to do · unknown: can be added · changed / revoked: never added by us. */
  readonly verdict: 'known' | 'unknown' | 'changed' | 'revoked';
  /** The file that accepting writes. */
  readonly file: string;
  readonly cause?: ErrorReport;
}

type None = Record<string, never>;

/** Requests of a face. Params and result by method; what arrives is checked by `control-params.ts`. */
export interface ControlMethods {
  status: { params: None; result: StatusSnapshot };
  /** Everything at one moment: events that follow it begin behind `sequence`. */
  snapshot: {
    params: None;
    result: {
      readonly controlVersion: typeof CONTROL_VERSION;
      /** Names this run of the daemon: sequence numbers of another run say nothing. */
      readonly run: string;
      readonly sequence: number;
      readonly status: StatusSnapshot;
      readonly calls: readonly LiveCall[];
      readonly prompts: readonly PendingPrompt[];
    };
  };
  /**
   * Resolves when every host and server has settled (up or failed), or after `withinMs`. Servers are started,
   * unless `start` is false: then only what is under way is waited for.
   */
  settle: {
    params: { readonly withinMs: number; readonly host?: string; readonly start?: boolean };
    result: StatusSnapshot;
  };
  /**
   * Servers that have not spoken in this run are started and waited for, unless `start` is false. With `tool`, a public
   * name: the tools of the servers that the name may belong to, or of all, and only those servers can be `missing`.
   */
  tools: {
    params: { readonly host?: string; readonly server?: string; readonly tool?: string; readonly start?: boolean };
    result: HostsFileProblem & { readonly tools: readonly ToolEntry[]; readonly missing: readonly ErrorReport[] };
  };
  /** Progress arrives as `call/progress` notifications before the reply. */
  call: {
    params: {
      readonly tool: string;
      readonly arguments: Record<string, unknown>;
      /** Of a pool's tool: only a member on this host. */
      readonly host?: string;
    };
    result: CallOutcome & HostsFileProblem;
  };
  /** Cancels a call of any client, as its own cancellation would, and answers that client. */
  'call/cancel': { params: { readonly call: number }; result: None };
  logs: {
    params: {
      readonly host?: string;
      readonly server?: string;
      readonly lines: number;
      /** Undefined: all. */
      readonly streams?: readonly LogStream[];
    };
    result: { readonly entries: readonly LogEntry[] };
  };
  /** Steps arrive as `doctor/step` notifications before the reply. */
  doctor: { params: { readonly host?: string }; result: { readonly steps: readonly DoctorStep[] } };
  /** Looks at the next machine on the way to the host whose key is not known yet. */
  'trust/scan': { params: { readonly host: string }; result: { readonly candidates: readonly TrustCandidate[] } };
  /** Writes the named key; refused when the machine no longer shows that fingerprint. */
  'trust/accept': {
    params: { readonly host: string; readonly name: string; readonly fingerprint: string };
    result: { readonly file: string };
  };
  /** Ends the servers and starts them anew; resolves when they are up, or have failed. A host that is down is tried now. */
  restart: { params: { readonly host: string; readonly server?: string }; result: HostStatus };
  /** Ends a waiting time, or tries a refused host again, now. Does not wait for the outcome. */
  reconnect: { params: { readonly host: string }; result: None };
  /** For as long as this daemon lives: a server that is off is not offered, and its calls say why. */
  enable: { params: { readonly host: string; readonly server: string; readonly enabled: boolean }; result: None };
  /** Reads the hosts file again. `changed`: what that did, a sentence each. */
  reload: { params: None; result: { readonly changed: readonly string[]; readonly problem?: ErrorReport } };
  /** Replies first. `drain` false: does not wait for calls under way. */
  stop: { params: { readonly drain?: boolean }; result: None };
  /** @param subject an error code, a host, a pool or `host/server` */
  explain: { params: { readonly subject: string }; result: Explanation };
  /** From now on this face is asked what only a person can answer, as the request `prompt`. */
  'prompt/attach': { params: None; result: { readonly prompts: readonly PendingPrompt[] } };
  /** Null: declined. The first answer of all faces counts. */
  'prompt/answer': { params: { readonly id: number; readonly answer: string | null }; result: None };
  stats: {
    params: { readonly window: StatWindow; readonly by: StatKey };
    result: { readonly rows: readonly StatRow[] };
  };
  /**
   * Events from now on, as `event` notifications. With `since` (and the `run` it was of) what was missed comes first, log
   * lines left out; `resync`: that cannot be had any more, take a snapshot. `types`: only these.
   */
  'events/subscribe': {
    params: { readonly since?: number; readonly run?: string; readonly types?: readonly GatewayEvent['type'][] };
    result: { readonly run: string; readonly sequence: number; readonly resync: boolean };
  };
}

/** Notifications to a face. */
export interface ControlNotifications {
  event: { readonly sequence: number; readonly event: GatewayEvent };
  /** This face read too slowly and has lost events up to `sequence`: take a snapshot. */
  'events/resync': { readonly sequence: number };
  'doctor/step': DoctorStep;
  'call/progress': { readonly progress: number; readonly total?: number; readonly message?: string };
}

/** Requests to a face that can ask a person (a TTY). */
export interface ControlQuestions {
  prompt: {
    params: { readonly host: string; readonly kind: string; readonly text: string; readonly echo: boolean };
    result: { readonly answer: string | null };
  };
}
