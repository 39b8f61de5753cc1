/**
 * The tables of MCP: lists, methods, log levels and protocol versions. They say how each request and notification is
 * routed and answered. Nothing below this file knows MCP; nothing above it lists methods.
 */

export type CollectionName = 'tools' | 'prompts' | 'resources' | 'resourceTemplates';

/** A list of MCP servers: how it is requested, identified and announced (MCP 2025-11-25, server features). */
export interface Collection {
  readonly name: CollectionName;
  /** The list request, and the member of its result that holds the items. */
  readonly method: string;
  readonly member: string;
  /** The member that identifies an item. */
  readonly key: 'name' | 'uri' | 'uriTemplate';
  /** The server capability that the list request requires. */
  readonly capability: 'tools' | 'prompts' | 'resources';
  /** The notification of a changed list. */
  readonly changed: string;
}

export const COLLECTIONS: readonly Collection[] = [
  {
    name: 'tools',
    method: 'tools/list',
    member: 'tools',
    key: 'name',
    capability: 'tools',
    changed: 'notifications/tools/list_changed',
  },
  {
    name: 'prompts',
    method: 'prompts/list',
    member: 'prompts',
    key: 'name',
    capability: 'prompts',
    changed: 'notifications/prompts/list_changed',
  },
  {
    name: 'resources',
    method: 'resources/list',
    member: 'resources',
    key: 'uri',
    capability: 'resources',
    changed: 'notifications/resources/list_changed',
  },
  {
    name: 'resourceTemplates',
    method: 'resources/templates/list',
    member: 'resourceTemplates',
    key: 'uriTemplate',
    capability: 'resources',
    changed: 'notifications/resources/list_changed',
  },
];

export function collectionOfMethod(method: string): Collection | undefined {
  return COLLECTIONS.find((collection) => collection.method === method);
}

/** A value for each collection. */
export function forEachCollection<T>(make: (collection: Collection) => T): Record<CollectionName, T> {
  const [tools, prompts, resources, templates] = COLLECTIONS.map(make) as [T, T, T, T];
  return { tools, prompts, resources, resourceTemplates: templates };
}

/** How a request of an AI client is answered. */
export type ClientRequestRule =
  /** By the gateway itself. */
  | { readonly kind: 'here' }
  /** With the merged list. */
  | { readonly kind: 'list'; readonly collection: Collection }
  /** By the server of the tool `params.name`, through policy and observers. */
  | { readonly kind: 'call' }
  /** By the server of the public name at `params.<at>`. */
  | { readonly kind: 'named'; readonly collection: 'prompts'; readonly at: string }
  /** By the server of the public URI at `params.<at>`. */
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

/** Only notifications are passed on without an id: a request without its id must not pass as a notification. */
export function isNotification({ method }: { readonly method: string }): boolean {
  return method.startsWith('notifications/');
}

/** The client capability that a server's request requires. Without it the request is refused here. */
export const SERVER_REQUESTS: ReadonlyMap<string, string> = new Map([
  ['roots/list', 'roots'],
  ['sampling/createMessage', 'sampling'],
  ['elicitation/create', 'elicitation'],
]);

/** How a notification of a server is handled. */
export type ServerNotificationRule =
  /** The server is listed again; clients are notified when their merged list changes. */
  | 'relist'
  /** To the client, with the public URI. */
  | 'resource'
  /** To the client, from the client's log level on. */
  | 'log'
  /** Cancels a request of the server. */
  | 'cancel'
  /** To the client, about a task of this instance. */
  | 'task'
  /** To the client, unchanged, like unknown notifications. */
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

/** How a notification of an AI client is handled. An unknown notification goes to the sole server. */
export type ClientNotificationRule =
  | 'here'
  | 'cancel'
  /** To all instances of this client alone. */
  | 'own-servers'
  /** To the instance that asked for the client's task. */
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

/** MCP protocol versions of the `initialize` era, latest first (modelcontextprotocol.io/specification). */
export const PROTOCOL_VERSIONS = ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05', '2024-10-07'] as const;

export const LATEST_PROTOCOL_VERSION = PROTOCOL_VERSIONS[0];

/** The only version with JSON-RPC batches. */
export const BATCH_VERSION = '2025-03-26';

/** The version for the answer to `initialize`: the client's version where we know it, else our latest. */
export function negotiateVersion(asked: unknown): string {
  return isKnownVersion(asked) ? asked : LATEST_PROTOCOL_VERSION;
}

export function isKnownVersion(version: unknown): version is string {
  return PROTOCOL_VERSIONS.some((known) => known === version);
}
