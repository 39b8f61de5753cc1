/**
 * Keys of the hosts file's full design that this version does not act on. They are refused by name and never
 * skipped: a skipped `policy` would leave open what its author closed.
 */
import type { KeyPath } from './problem.ts';

const LATER: readonly { readonly level: (path: KeyPath) => boolean; readonly keys: readonly string[] }[] = [
  {
    level: (path) => path.length === 0,
    keys: ['policy', 'http', 'audit', 'approvals', 'metrics', 'balance', 'middleware'],
  },
  { level: isHost, keys: ['discover', 'policy', 'pool', 'limits', 'reconnect', 'heartbeat'] },
  {
    level: isServer,
    keys: ['url', 'headers', 'oauth', 'discover', 'policy', 'pool', 'limits', 'envFile', 'resources', 'prompts'],
  },
];

/** Whether the key is known to the design but not built in this version. `path` leads to its mapping. */
export function isLater(path: KeyPath, key: string): boolean {
  return LATER.some((entry) => entry.level(path) && entry.keys.includes(key));
}

function isHost(path: KeyPath): boolean {
  return (path.length === 2 && path[0] === 'hosts') || (path.length === 1 && path[0] === 'defaults');
}

function isServer(path: KeyPath): boolean {
  return path.at(-2) === 'servers' && (path.length === 4 || path.length === 3);
}
