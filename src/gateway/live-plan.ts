/** The plan in force: what the hosts file says and what was switched by hand, changed while clients stay. */

import type { CancelTimer, Clock } from '../base/clock.ts';
import type { AnywhereError, ErrorReport } from '../base/errors.ts';
import type { Scope } from '../base/scope.ts';
import { serverId } from '../catalog/snapshot.ts';
import type { HostPlan, Plan, ServerPlan } from '../config/plan.ts';
import { type HostsFileSource, Reloader, type ReloadReport } from './reload.ts';
import { type ReplanParts, replan } from './replan.ts';
import type { Reporter } from './reporter.ts';

export interface LivePlanDeps {
  readonly clock: Clock;
  readonly scope: Scope;
  readonly reporter: Reporter;
  /** Undefined where the plan did not come from a file. */
  readonly source: HostsFileSource | undefined;
  readonly parts: ReplanParts;
}

/** The first list goes before: what watches files takes its time to load. */
const WATCH_AFTER_MS = 2_000;

export class LivePlan {
  readonly #deps: LivePlanDeps;
  readonly #switches = new Switches();
  readonly #reloader: Reloader;
  /** As the hosts file says. */
  #written: Plan;

  constructor(plan: Plan, deps: LivePlanDeps) {
    this.#written = plan;
    this.#deps = deps;
    this.#reloader = new Reloader({
      load: () => deps.source?.load() ?? Promise.resolve(this.#written),
      apply: (next) => this.#apply(next),
      tell: (report, problem) => {
        this.#tell(report, problem);
      },
    });
  }

  /** Why the hosts file as it stands now is not in force. */
  get problem(): ErrorReport | undefined {
    return this.#reloader.problem;
  }

  reload(): Promise<ReloadReport> {
    return this.#reloader.reload();
  }

  /** @param id `host/server` */
  setEnabled(id: string, enabled: boolean): readonly string[] {
    this.#switches.set(id, enabled);
    return this.#apply(this.#written);
  }

  /** Begins to follow the hosts file, a little later. */
  follow(): void {
    const { clock, scope, source } = this.#deps;
    if (source === undefined) return;
    const reload = (): void => {
      scope.run(this.reload());
    };
    const cancel: CancelTimer = clock.after(
      WATCH_AFTER_MS,
      () => {
        scope.run(source.watch(reload, scope.signal));
      },
      { background: true },
    );
    scope.onClose(cancel);
  }

  #apply(plan: Plan): readonly string[] {
    this.#written = plan;
    this.#deps.reporter.limit(plan.limits);
    return replan(this.#switches.appliedTo(plan), this.#deps.parts);
  }

  #tell(report: ReloadReport, problem: AnywhereError | undefined): void {
    this.#deps.reporter.hostsFile(this.#written.file, report.changed, problem);
  }
}

/** Servers switched on or off by hand while this program runs. The hosts file does not change that. */
class Switches {
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
