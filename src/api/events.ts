/** Everything the gateway tells about itself, as data. Faces and logs subscribe; nobody acts on these. */
import type { ErrorReport } from '../base/errors.ts';

export type HostStateName = 'idle' | 'connecting' | 'ready' | 'waiting' | 'refused' | 'closed';
/** `crash-loop`: it failed several times in a row; calls are answered at once with the cause while it is tried in the background. */
export type ServerStateName = 'idle' | 'starting' | 'ready' | 'failed' | 'crash-loop' | 'disabled';

export type LogStream = 'stderr' | 'stdout-noise' | 'protocol' | 'bridge' | 'ssh';

interface Timed {
  /** Wall clock, ms since the epoch. */
  readonly atMs: number;
}

export type GatewayEvent = Timed &
  (
    | {
        readonly type: 'host-state';
        readonly host: string;
        readonly state: HostStateName;
        readonly reason: string;
        readonly cause?: ErrorReport;
      }
    | {
        readonly type: 'server-state';
        readonly host: string;
        readonly server: string;
        readonly state: ServerStateName;
        readonly reason: string;
        readonly cause?: ErrorReport;
      }
    | { readonly type: 'tools-changed'; readonly host: string; readonly server: string; readonly tools: number }
    /** Without a host it concerns the hosts file: the last good one stays in force. */
    | { readonly type: 'problem'; readonly host?: string; readonly server?: string; readonly problem: ErrorReport }
    /** An edited hosts file is in force; no `changed`: it says the same again as before its problem. */
    | { readonly type: 'hosts-file'; readonly file: string; readonly changed: readonly string[] }
    | {
        readonly type: 'call-started';
        readonly call: number;
        readonly client: string;
        readonly host: string;
        readonly server: string;
        readonly tool: string;
      }
    | {
        /** As its server told it (MCP, utilities/progress), now and then; not kept. */
        readonly type: 'call-progress';
        readonly call: number;
        readonly progress: number;
        readonly total?: number;
        readonly message?: string;
      }
    | {
        readonly type: 'call-ended';
        readonly call: number;
        readonly host: string;
        readonly server: string;
        readonly tool: string;
        readonly durationMs: number;
        readonly outcome: 'ok' | 'tool-error' | 'error' | 'cancelled';
      }
    | {
        /** Its server went while it was under way: it is made once more, by itself. */
        readonly type: 'call-repeated';
        readonly call?: number;
        readonly host: string;
        readonly server: string;
        /** Or the method, where it is no tool's call. */
        readonly tool: string;
        /** `unsent`: the server was given nothing of it. `safe`: read-only or idempotent, as declared. */
        readonly why: 'unsent' | 'safe';
        readonly cause: ErrorReport;
      }
    | {
        /** A person is asked something; the answer is never told. */
        readonly type: 'prompt-asked';
        readonly prompt: number;
        readonly host: string;
        readonly kind: string;
        readonly text: string;
        readonly echo: boolean;
      }
    | { readonly type: 'prompt-settled'; readonly prompt: number; readonly host: string }
    | { readonly type: 'client-joined'; readonly client: string; readonly name: string }
    | { readonly type: 'client-left'; readonly client: string }
    /** A client sent a request without an id: it was not carried out. */
    | { readonly type: 'request-dropped'; readonly client: string; readonly method: string }
    | {
        readonly type: 'log';
        readonly host: string;
        readonly server?: string;
        readonly stream: LogStream;
        readonly line: string;
      }
  );

/** The same without the time: what parts hand in. */
export type GatewayEventBody = GatewayEvent extends infer E
  ? E extends GatewayEvent
    ? Omit<E, 'atMs'>
    : never
  : never;
