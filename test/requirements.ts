/**
 * What this program must do, as data: every row of the table of a faithful multiplexer, the promises of
 * DESIGN.md, and every row of the method table. Tests say with `proves` which of them they show;
 * test/unit/requirements.test.ts fails where one has no proof, and `npm run requirements` prints them all.
 */
import {
  CLIENT_NOTIFICATIONS,
  CLIENT_REQUESTS,
  SERVER_NOTIFICATIONS,
  SERVER_REQUESTS,
} from '../src/protocol/methods.ts';

/** Id → sentence. */
const STATED = {
  'tools-list':
    'All pages of all servers in a stable order, with cursors of our own; a dead server does not fail the list; unknown fields stay.',
  'tools-call': 'A public name finds its instance and becomes the original name.',
  verbatim:
    'annotations, icons, title, outputSchema and _meta pass byte for byte, _meta in both directions but for the progress token.',
  'list-changed': 'Changes are debounced and told to every session they concern; listChanged is always advertised.',
  resources: 'URIs are aliased by the hosts file, with more than one server always; ui:// stays ui://.',
  'result-uris': 'resource_link, embedded resources and _meta.ui.resourceUri in results follow the same rule.',
  subscriptions: 'Subscriptions are counted per instance and URI, and said again after a reconnect.',
  batches: 'Batches are accepted from and to peers that speak 2025-03-26.',
  'prompts-completion': 'Prompts and completions follow their names and owners; the context of a completion stays.',
  logging: 'A level per session; a server gets the most verbose one asked for; messages are filtered per session.',
  progress:
    'Own tokens on each hop, mapped back with their type; nothing after the reply, but for a task, whose token lives as long as it.',
  cancelled: 'Cancellations of both sides name the request as its receiver knows it; initialize is never cancelled.',
  ping: 'Pings of both sides are answered here.',
  'client-features':
    'roots, sampling and elicitation go to the one client the instance belongs to, and are not offered to shared instances.',
  'url-elicitation': 'The data of −32042 and elicitation/complete pass verbatim.',
  tasks: 'A task belongs to the instance that runs it; tasks/* and status follow, for the tasks of clients too.',
  instructions: 'Joined under headings, and capped.',
  capabilities:
    'tools, resources, prompts, logging and completions always; the client’s are passed up per session, unknown ones too.',
  'unknown-methods': 'To the sole candidate, else −32601; server/discover always −32601.',
  versions: 'Each side negotiates its own protocol version.',
  values:
    'Big integers, 1.0, 1e400, odd unicode, 30 MB of base64, 100k elements and deep nesting arrive as they were written.',
  transparent: 'One server and nothing renamed: no message differs but for ids and tokens.',
  'clients-apart': 'What is asked of or answered to one client is never seen by another.',
  'client-leaves': 'A client that leaves has its requests cancelled and its instances ended.',
  conformance: 'Whatever passes the official conformance suites directly passes them through the gateway.',
  'independent-clients': 'Clients that share no code with us work, and see what they see directly.',
  differential: 'Every feature of server-everything is the same directly and through the gateway.',
  'answers-at-once': 'initialize never waits for a host.',
  'lists-from-cache': 'What was ever listed is served at once, every host away or not, and list_changed follows.',
  'first-list': 'Servers never seen before hold the very first list for 8 s at most.',
  'down-stays-listed': 'The tools of a host that is down stay listed; only the hosts file or the server removes them.',
  isolation: 'A hung, slow, flooding, crashing or lying server harms only itself.',
  'nothing-left': 'However the connection ends, no remote process outlives it.',
  'host-keys': 'Host keys are always checked.',
  secrets: 'Secrets never reach a process list, a log or a cache.',
  'filter-guards': 'The listing filter is the call guard too.',
  'fails-closed': 'Broken configuration never opens anything.',
  'explains-itself': 'An error names host, server and tool, with cause, evidence and the next command.',
  'few-connections': 'A host costs as few connections as its MaxSessions allows.',
} as const;

type MethodId = `${'client' | 'server'}:${string}`;
export type RequirementId = keyof typeof STATED | MethodId;

export interface Requirement {
  readonly id: string;
  readonly text: string;
  /** Code that takes this row out of the method table, for tests of the tests. */
  readonly disable?: string;
}

const METHOD_TABLES = { CLIENT_REQUESTS, CLIENT_NOTIFICATIONS, SERVER_REQUESTS, SERVER_NOTIFICATIONS };

function methodRows(): Requirement[] {
  return Object.entries(METHOD_TABLES).flatMap(([table, rows]) =>
    [...rows.keys()].map((method) => ({
      id: `${table.startsWith('CLIENT') ? 'client' : 'server'}:${method}`,
      text: `${method} of a ${table.startsWith('CLIENT') ? 'client' : 'server'}: ${ruleText(rows.get(method))}.`,
      disable: `(${table} as unknown as Map<string, unknown>).delete(${JSON.stringify(method)});`,
    })),
  );
}

function ruleText(rule: unknown): string {
  return typeof rule === 'object' && rule !== null && 'kind' in rule ? String(rule.kind) : String(rule);
}

export const REQUIREMENTS: readonly Requirement[] = [
  ...Object.entries(STATED).map(([id, text]) => ({ id, text })),
  ...methodRows(),
];

/** The name of a test that shows these. */
export function proves(name: string, ...ids: readonly RequirementId[]): string {
  return `${name} [proves ${ids.join(' ')}]`;
}
