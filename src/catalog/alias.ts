/**
 * Public URIs of resources. Identical servers on several hosts list identical URIs, so with more than
 * one server in the hosts file every URI is aliased by host and server, and never by whether it
 * happens to collide.
 *
 * `file:///x` becomes `mcpa://host/server/file:///x`: the original stands whole behind the prefix, so
 * templates (RFC 6570) stay templates. `ui://x` stays a `ui://` URI (MCP Apps), as `ui://host__server/x`.
 */
import type { Plan, ServerPlan } from '../config/plan.ts';

const SCHEME = 'mcpa://';
const UI_SCHEME = 'ui://';

export interface Original {
  readonly server: ServerPlan;
  readonly uri: string;
}

export class UriAliases {
  #servers: ReadonlyMap<string, ServerPlan> = new Map();
  #only: ServerPlan | undefined;

  constructor(plan: Plan) {
    this.replan(plan);
  }

  /** Another hosts file is in force. */
  replan(plan: Plan): void {
    const servers = plan.hosts.flatMap((host) => host.servers);
    this.#servers = new Map(
      servers.flatMap(
        (server) =>
          [
            [slashed(server), server],
            [joined(server), server],
          ] as const,
      ),
    );
    this.#only = servers.length === 1 ? servers[0] : undefined;
  }

  /** False with a single server: then every URI is its own. */
  get isActive(): boolean {
    return this.#only === undefined;
  }

  toPublic(server: ServerPlan, uri: string): string {
    if (!this.isActive) return uri;
    if (uri.startsWith(UI_SCHEME)) return `${UI_SCHEME}${joined(server)}/${uri.slice(UI_SCHEME.length)}`;
    return `${SCHEME}${slashed(server)}/${uri}`;
  }

  /** The server's own URI, or undefined where the public one names no server of ours. */
  toOriginal(uri: string): Original | undefined {
    if (this.#only !== undefined) return { server: this.#only, uri };
    if (uri.startsWith(SCHEME)) return this.#split(uri.slice(SCHEME.length), 2, '');
    return uri.startsWith(UI_SCHEME) ? this.#split(uri.slice(UI_SCHEME.length), 1, UI_SCHEME) : undefined;
  }

  /** The first `segments` path segments name the server; the rest is the original behind `scheme`. */
  #split(path: string, segments: number, scheme: string): Original | undefined {
    const end = nthSlash(path, segments);
    const server = end === -1 ? undefined : this.#servers.get(path.slice(0, end));
    return server === undefined ? undefined : { server, uri: scheme + path.slice(end + 1) };
  }
}

function slashed(server: ServerPlan): string {
  return `${server.host}/${server.name}`;
}

function joined(server: ServerPlan): string {
  return `${server.host}__${server.name}`;
}

function nthSlash(text: string, count: number): number {
  let at = -1;
  for (let found = 0; found < count; found += 1) {
    at = text.indexOf('/', at + 1);
    if (at === -1) return -1;
  }
  return at;
}
