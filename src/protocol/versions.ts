/** MCP protocol versions of the `initialize` era, latest first (modelcontextprotocol.io/specification). */
export const PROTOCOL_VERSIONS = ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05', '2024-10-07'] as const;

export const LATEST_PROTOCOL_VERSION = PROTOCOL_VERSIONS[0];

/** The only one that has JSON-RPC batches. */
export const BATCH_VERSION = '2025-03-26';

/** What we answer to a client's `initialize`: its own version where we know it, else our latest. */
export function negotiateVersion(asked: unknown): string {
  return isKnownVersion(asked) ? asked : LATEST_PROTOCOL_VERSION;
}

export function isKnownVersion(version: unknown): version is string {
  return PROTOCOL_VERSIONS.some((known) => known === version);
}
