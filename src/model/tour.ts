/** The events of the demo's tour, and the view of them on a screen: a pure reducer. */

export type TourHostState = 'starting' | 'up' | 'down' | 'returning';

export type TourEvent =
  | { readonly type: 'chapter'; readonly title: string }
  | { readonly type: 'host'; readonly host: string; readonly state: TourHostState; readonly reason: string }
  | { readonly type: 'tools'; readonly perHost: ReadonlyMap<string, readonly string[]>; readonly total: number }
  | { readonly type: 'asked'; readonly host: string; readonly tool: string; readonly args: string }
  | {
      readonly type: 'answered';
      readonly host: string;
      readonly tool: string;
      readonly isError: boolean;
      readonly text: string;
      readonly durationMs: number;
    }
  | { readonly type: 'remark'; readonly text: string }
  | { readonly type: 'finished'; readonly next: readonly string[] };

export interface TourHost {
  readonly name: string;
  readonly state: TourHostState;
  readonly reason: string;
  readonly tools: readonly string[];
}

export interface TourCall {
  readonly host: string;
  readonly tool: string;
  readonly args: string;
  readonly answer: { readonly isError: boolean; readonly text: string; readonly durationMs: number } | undefined;
}

export interface TourView {
  readonly chapter: string;
  readonly hosts: readonly TourHost[];
  readonly totalTools: number;
  readonly calls: readonly TourCall[];
  readonly remarks: readonly string[];
  readonly next: readonly string[] | undefined;
}

export const emptyTour: TourView = { chapter: '', hosts: [], totalTools: 0, calls: [], remarks: [], next: undefined };

export function tourReducer(view: TourView, event: TourEvent): TourView {
  switch (event.type) {
    case 'chapter':
      return { ...view, chapter: event.title, calls: [], remarks: [] };
    case 'host':
      return { ...view, hosts: withHost(view.hosts, event.host, { state: event.state, reason: event.reason }) };
    case 'tools':
      return { ...view, totalTools: event.total, hosts: withTools(view.hosts, event.perHost) };
    case 'asked':
      return {
        ...view,
        calls: [...view.calls, { host: event.host, tool: event.tool, args: event.args, answer: undefined }],
      };
    case 'answered':
      return { ...view, calls: view.calls.map((call) => (isPending(call, event) ? { ...call, answer: event } : call)) };
    case 'remark':
      return { ...view, remarks: [...view.remarks, event.text] };
    case 'finished':
      return { ...view, next: event.next };
  }
}

function withHost(hosts: readonly TourHost[], name: string, change: Partial<TourHost>): readonly TourHost[] {
  if (hosts.some((host) => host.name === name)) {
    return hosts.map((host) => (host.name === name ? { ...host, ...change } : host));
  }
  return [...hosts, { name, state: 'starting', reason: '', tools: [], ...change }];
}

function withTools(hosts: readonly TourHost[], perHost: ReadonlyMap<string, readonly string[]>): readonly TourHost[] {
  return hosts.map((host) => ({ ...host, tools: perHost.get(host.name) ?? [] }));
}

function isPending(call: TourCall, answer: { readonly host: string; readonly tool: string }): boolean {
  return call.answer === undefined && call.host === answer.host && call.tool === answer.tool;
}
