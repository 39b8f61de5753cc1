/** Everything the gateway tells about itself, as data. Faces and logs subscribe; nobody acts on these. */
import type { ErrorReport } from '../base/errors.ts';

export type HostStateName = 'idle' | 'connecting' | 'ready' | 'waiting' | 'refused' | 'closed';
export type ServerStateName = 'idle' | 'starting' | 'ready' | 'failed' | 'disabled';

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
    | { readonly type: 'problem'; readonly host: string; readonly server?: string; readonly problem: ErrorReport }
    | {
        readonly type: 'call-started';
        readonly call: number;
        readonly client: string;
        readonly host: string;
        readonly server: string;
        readonly tool: string;
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
    | { readonly type: 'client-joined'; readonly client: string; readonly name: string }
    | { readonly type: 'client-left'; readonly client: string }
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
