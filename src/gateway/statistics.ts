/** How often and how fast calls were, by tool, server, host and client, over the last hour and day. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { StatKey, StatRow, StatWindow } from '../api/control.ts';
import type { Outcome } from '../api/events.ts';
import type { Clock } from '../base/clock.ts';
import type { AnywhereError } from '../base/errors.ts';
import { beginning } from '../base/harmless.ts';
import type { Scope } from '../base/scope.ts';
import { type CallObserver, outcomeOf, type ToolCall } from '../calls/call.ts';
import { type Route, serverId } from '../catalog/route.ts';
import type { ClientSession } from '../downstream/session.ts';
import { Message } from '../protocol/message.ts';
import { quantileMs } from '../telemetry/histogram.ts';
import type { Log } from '../telemetry/log.ts';
import { CallStats } from '../telemetry/stats.ts';
import { Sum, type Tally, type Totals } from '../telemetry/stats-book.ts';
import { STATS_FORMAT } from '../telemetry/stats-file.ts';

export interface StatisticsDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly scope: Pick<Scope, 'run'>;
  readonly stateDir: string;
  /** Absolute path of the hosts file. Each hosts file has its own statistics. */
  readonly hostsFile: string;
  /** The name that the client with this id gave. */
  readonly clientName: (client: string) => string;
}

const TOOL = 't:';
const CLIENT = 'c:';
const MAX_CLIENT_NAME = 60;

export class Statistics implements CallObserver {
  readonly #stats: CallStats;
  readonly #deps: StatisticsDeps;
  /** Every call looks here. */
  #ofRoute = new WeakMap<Route, Tally>();
  readonly #ofClient = new Map<string, Tally>();

  constructor(deps: StatisticsDeps) {
    const { clock, scope, log } = deps;
    this.#deps = deps;
    this.#stats = new CallStats({
      file: fileOf(deps),
      clock,
      scope,
      onBroken: (file) => {
        log.warn({ file }, 'the statistics could not be read and start again from zero');
      },
      onError: (error) => {
        log.warn({ error }, 'the statistics could not be saved');
      },
    });
  }

  ended({ route, request, caller }: ToolCall, outcome: Message | AnywhereError, durationMs: number): void {
    const isError = FAILED.has(outcomeOf(outcome));
    const bytesIn = request.length;
    const bytesOut = outcome instanceof Message ? outcome.length : 0;
    this.#tallyOfRoute(route).add(durationMs, isError, bytesIn, bytesOut);
    this.#tallyOfClient(caller.id).add(durationMs, isError, bytesIn, bytesOut);
  }

  /** Most calls first. */
  async rows(window: StatWindow, by: StatKey): Promise<readonly StatRow[]> {
    const sums = new Map<string, Sum>();
    for (const [subject, totals] of await this.#stats.totals(window)) {
      const key = keyOf(subject, by);
      if (key === undefined) continue;
      const sum = sums.get(key) ?? new Sum();
      sum.add(totals);
      sums.set(key, sum);
    }
    return [...sums]
      .map(([key, { totals }]) => rowOf(key, totals))
      .sort((a, b) => b.calls - a.calls || (a.key < b.key ? -1 : 1));
  }

  /** The client left. */
  forget(client: string): void {
    this.#ofClient.delete(client);
  }

  /** Never rejects. */
  close(): Promise<void> {
    return this.#stats.close();
  }

  #tallyOfRoute(route: Route): Tally {
    const known = this.#ofRoute.get(route);
    if (known?.isOver === false) return known;
    const tally = this.#stats.tally(`${TOOL}${serverId(route.server)}/${route.original}`);
    this.#ofRoute.set(route, tally);
    return tally;
  }

  #tallyOfClient(client: string): Tally {
    const known = this.#ofClient.get(client);
    if (known?.isOver === false) return known;
    const tally = this.#stats.tally(`${CLIENT}${beginning(this.#deps.clientName(client), MAX_CLIENT_NAME)}`);
    this.#ofClient.set(client, tally);
    return tally;
  }
}

/** The statistics of a gateway. */
export function createStatistics(
  deps: { readonly clock: Clock; readonly log: Log; readonly paths: { readonly stateDir: string } },
  gateway: {
    readonly plan: { readonly file: string };
    readonly scope: Pick<Scope, 'run'>;
    readonly sessions: ReadonlyMap<ClientSession, unknown>;
  },
): Statistics {
  return new Statistics({
    ...deps,
    stateDir: deps.paths.stateDir,
    hostsFile: gateway.plan.file,
    scope: gateway.scope,
    clientName: (client) => [...gateway.sessions.keys()].find(({ id }) => id === client)?.hello?.name ?? 'unnamed',
  });
}

const FAILED: ReadonlySet<Outcome> = new Set(['tool-error', 'error']);

function fileOf({ stateDir, hostsFile }: StatisticsDeps): string {
  const name = createHash('sha256').update(hostsFile).digest('hex').slice(0, 16);
  return join(stateDir, 'statistics', `${name}.${STATS_FORMAT}.jsonl`);
}

/** Undefined for a subject of another kind. Names of hosts and servers have no slash; names of tools may. */
function keyOf(subject: string, by: StatKey): string | undefined {
  const name = subject.slice(TOOL.length);
  if (by === 'client') return subject.startsWith(CLIENT) ? name : undefined;
  if (!subject.startsWith(TOOL)) return undefined;
  const [host = '', server = ''] = name.split('/', 2);
  return { tool: name, server: `${host}/${server}`, host }[by];
}

function rowOf(key: string, { calls, errors, bytesIn, bytesOut, durations }: Totals): StatRow {
  const at = (quantile: number): number => quantileMs(durations, quantile);
  return { key, calls, errors, p50Ms: at(0.5), p95Ms: at(0.95), p99Ms: at(0.99), bytesIn, bytesOut };
}
