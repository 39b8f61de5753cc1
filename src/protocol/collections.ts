/** The lists of MCP servers: how each is requested, identified and announced (MCP 2025-11-25, server features). */

export type CollectionName = 'tools' | 'prompts' | 'resources' | 'resourceTemplates';

export interface Collection {
  readonly name: CollectionName;
  /** The request that lists it, and the member of its result that holds the items. */
  readonly method: string;
  readonly member: string;
  /** The member of an item that identifies it. */
  readonly key: 'name' | 'uri' | 'uriTemplate';
  /** The server capability that is required to request the list. */
  readonly capability: 'tools' | 'prompts' | 'resources';
  /** The notification that says it changed. */
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
