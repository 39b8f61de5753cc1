/** Servers that were switched on or off by hand, for as long as this program runs: whatever the hosts file says of them. */
import { serverId } from '../catalog/snapshot.ts';
import type { HostPlan, Plan, ServerPlan } from '../config/plan.ts';

export class Switches {
  readonly #enabled = new Map<string, boolean>();

  /** @param id `host/server` */
  set(id: string, enabled: boolean): void {
    this.#enabled.set(id, enabled);
  }

  /** The plan with every switch in its place. */
  appliedTo(plan: Plan): Plan {
    return this.#enabled.size === 0 ? plan : { ...plan, hosts: plan.hosts.map((host) => this.#host(host)) };
  }

  #host(host: HostPlan): HostPlan {
    return { ...host, servers: host.servers.map((server) => this.#server(server)) };
  }

  #server(server: ServerPlan): ServerPlan {
    const enabled = this.#enabled.get(serverId(server)) ?? server.enabled;
    return enabled === server.enabled ? server : { ...server, enabled };
  }
}
