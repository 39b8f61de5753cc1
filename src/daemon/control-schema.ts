/**
 * The control API: what every face (CLI, dashboard, later web) can see and do.
 *
 * JSON-RPC 2.0 over newline-delimited JSON, the same over memory as over the daemon's socket. Additions
 * keep `CONTROL_VERSION`; a change of meaning raises it.
 */
import type { ErrorReport } from '../base/errors.ts';
import type { GatewayEvent, HostStateName, LogStream, ServerStateName } from '../telemetry/events.ts';

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

export interface ClientStatus {
  readonly id: string;
  readonly name: string;
  readonly version: string;
  readonly sinceMs: number;
}

/** What `status --json` prints (DESIGN.md, outside contract). */
export interface StatusSnapshot {
  readonly schemaVersion: 1;
  readonly daemon: { readonly pid: number; readonly version: string; readonly uptimeMs: number } | null;
  readonly hosts: readonly HostStatus[];
  readonly clients: readonly ClientStatus[];
}

export interface ToolEntry {
  /** The public name. */
  readonly name: string;
  readonly host: string;
  readonly server: string;
  /** The server's own name for it. */
  readonly original: string;
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
  readonly check: 'config' | 'ssh-config' | 'agent' | 'host-key' | 'login' | 'probe' | 'server';
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

/** Requests of a face. Params and result by method. */
export interface ControlMethods {
  status: { params: Record<string, never>; result: StatusSnapshot };
  /** Resolves when every host and server has settled (up or failed), or after `withinMs`. Servers are started. */
  settle: { params: { readonly withinMs: number; readonly host?: string }; result: StatusSnapshot };
  tools: {
    params: { readonly host?: string; readonly server?: string };
    result: { readonly tools: readonly ToolEntry[]; readonly missing: readonly ErrorReport[] };
  };
  call: { params: { readonly tool: string; readonly arguments: Record<string, unknown> }; result: CallOutcome };
  logs: {
    params: { readonly host?: string; readonly server?: string; readonly lines: number };
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
  restart: { params: { readonly host: string; readonly server?: string }; result: Record<string, never> };
  'events/subscribe': { params: Record<string, never>; result: { readonly sequence: number } };
}

/** Notifications to a face. */
export interface ControlNotifications {
  event: { readonly sequence: number; readonly event: GatewayEvent };
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
