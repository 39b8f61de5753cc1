/**
 * The table of all MCP methods: how each request and notification is routed and who answers it. Nothing
 * below this file knows MCP; nothing above it lists methods.
 */
import { COLLECTIONS, type Collection } from './collections.ts';

/** How a request of an AI client is answered. */
export type ClientRequestRule =
  /** By the gateway itself. */
  | { readonly kind: 'here' }
  /** With the merged list. */
  | { readonly kind: 'list'; readonly collection: Collection }
  /** By the server that the tool `params.name` belongs to, with everything around a call: policy, audit, metrics. */
  | { readonly kind: 'call' }
  /** By the server that the public name at `params.<at>` belongs to. */
  | { readonly kind: 'named'; readonly collection: 'prompts'; readonly at: string }
  /** By the server that the public URI at `params.<at>` belongs to. */
  | { readonly kind: 'uri'; readonly at: string }
  /** By the owner of `params.ref`, a prompt's name or a resource template's URI. */
  | { readonly kind: 'reference' }
  /** By the instance that runs the task `params.taskId`. */
  | { readonly kind: 'task' }
  /** By all instances that run tasks, joined. */
  | { readonly kind: 'all-tasks' }
  /** Never passed on: answered with −32601. */
  | { readonly kind: 'refused' };

export const CLIENT_REQUESTS: ReadonlyMap<string, ClientRequestRule> = new Map<string, ClientRequestRule>([
  ['initialize', { kind: 'here' }],
  ['ping', { kind: 'here' }],
  ['logging/setLevel', { kind: 'here' }],
  ...COLLECTIONS.map((collection) => [collection.method, { kind: 'list', collection }] as const),
  ['tools/call', { kind: 'call' }],
  ['prompts/get', { kind: 'named', collection: 'prompts', at: 'name' }],
  ['resources/read', { kind: 'uri', at: 'uri' }],
  ['resources/subscribe', { kind: 'uri', at: 'uri' }],
  ['resources/unsubscribe', { kind: 'uri', at: 'uri' }],
  ['completion/complete', { kind: 'reference' }],
  ['tasks/get', { kind: 'task' }],
  ['tasks/result', { kind: 'task' }],
  ['tasks/cancel', { kind: 'task' }],
  ['tasks/list', { kind: 'all-tasks' }],
  // The handshake of 2026-07-28: a gateway of the `initialize` era answers that the method is unknown.
  ['server/discover', { kind: 'refused' }],
]);

/** Only these are passed on without an id: a request without its id must not pass as a notification. */
export function isNotification({ method }: { readonly method: string }): boolean {
  return method.startsWith('notifications/');
}

/** The client capability without which a request of a server is declined here, and never shown to the client. */
export const SERVER_REQUESTS: ReadonlyMap<string, string> = new Map([
  ['roots/list', 'roots'],
  ['sampling/createMessage', 'sampling'],
  ['elicitation/create', 'elicitation'],
]);

/** How a notification of a server is handled. */
export type ServerNotificationRule =
  /** The server is listed again; clients hear of it when the merged list is different. */
  | 'relist'
  /** To its client, with the public URI in place. */
  | 'resource'
  /** To its client, where its level asks for it. */
  | 'log'
  /** Ends the request of the server that it names. */
  | 'cancel'
  /** To its client; it names a task of this instance. */
  | 'task'
  /** To its client, as it is: unknown ones too. */
  | 'pass';

const RELISTED = COLLECTIONS.map((collection) => [collection.changed, 'relist'] as const);

export const SERVER_NOTIFICATIONS: ReadonlyMap<string, ServerNotificationRule> = new Map<
  string,
  ServerNotificationRule
>([
  ...RELISTED,
  ['notifications/resources/updated', 'resource'],
  ['notifications/message', 'log'],
  ['notifications/cancelled', 'cancel'],
  ['notifications/tasks/status', 'task'],
]);

/** How a notification of an AI client is handled. A notification outside the table goes to the only candidate. */
export type ClientNotificationRule =
  | 'here'
  | 'cancel'
  /** To all instances that work for this client alone. */
  | 'own-servers'
  /** To the instance that asked for the client's task it names. */
  | 'task';

export const CLIENT_NOTIFICATIONS: ReadonlyMap<string, ClientNotificationRule> = new Map<
  string,
  ClientNotificationRule
>([
  ['notifications/initialized', 'here'],
  ['notifications/cancelled', 'cancel'],
  ['notifications/roots/list_changed', 'own-servers'],
  ['notifications/tasks/status', 'task'],
]);

/** RFC 5424 severities as MCP names them, least severe first. */
export const LOG_LEVELS = ['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency'] as const;

export type McpLogLevel = (typeof LOG_LEVELS)[number];

export function isMcpLogLevel(level: unknown): level is McpLogLevel {
  return LOG_LEVELS.some((known) => known === level);
}
