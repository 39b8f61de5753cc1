/** The server behind a public name or URI. */
import type { PoolPlan, ServerPlan } from '../config/plan.ts';

export interface Route {
  /** The public name or URI. */
  readonly publicKey: string;
  /** For a pool's tool, the first member that offers it. */
  readonly server: ServerPlan;
  /** The server's own name or URI, as text and as JSON text. */
  readonly original: string;
  readonly originalJson: string;
  /** The definition with the public key. */
  readonly definition: Buffer;
  /** Set for a pool's tool: its members are the targets. */
  readonly pool?: PooledTool;
  /** Set for one member's route of a pool's tool: the pool decides on a failed call. */
  readonly isMember?: true;
}

/** A tool that several servers offer. */
export interface PooledTool {
  readonly plan: PoolPlan;
  /** The members with the offered definition, in the order of the pool, each with its own name for the tool. */
  readonly members: readonly Route[];
  /** The tool takes the argument `PIN_ARGUMENT`. */
  readonly isPinnable: boolean;
}

/** `host/server`: names a server in maps, logs and commands. */
export function serverId(server: { readonly host: string; readonly name: string }): string {
  return `${server.host}/${server.name}`;
}
