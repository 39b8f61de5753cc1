/** One offered item: where its public name or URI leads. */
import type { PoolPlan, ServerPlan } from '../config/plan.ts';

export interface Route {
  /** The public name or URI. */
  readonly publicKey: string;
  /** Of a pool's tool: the first of the members that can answer it. */
  readonly server: ServerPlan;
  /** The server's own name or URI, and the same as JSON text. */
  readonly original: string;
  readonly originalJson: string;
  /** The definition with the public key in place. */
  readonly definition: Buffer;
  /** Set where a pool offers it: then its members say where it leads. */
  readonly pool?: PooledTool;
  /** Set where it is one member's part of a pool's tool: the pool decides what becomes of a call that fails there. */
  readonly isMember?: true;
}

/** A tool that each of several servers can answer. */
export interface PooledTool {
  readonly plan: PoolPlan;
  /** The members whose definition is the one on offer, in the order of the pool; each with its own words for the tool. */
  readonly members: readonly Route[];
  /** It takes the argument `PIN_ARGUMENT`. */
  readonly isPinnable: boolean;
}

/** `host/server`: names a server in maps, logs and commands. */
export function serverId(server: { readonly host: string; readonly name: string }): string {
  return `${server.host}/${server.name}`;
}
