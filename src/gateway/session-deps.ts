/** What the session of an AI client is given of the gateway. */
import type { Clock } from '../base/clock.ts';
import { reportOf } from '../base/errors.ts';
import type { Scope } from '../base/scope.ts';
import type { Catalog } from '../catalog/catalog.ts';
import type { ClientSession, SessionDeps } from '../downstream/session.ts';
import { callEnded, callEvents } from '../policy/call-events.ts';
import { chain, type Interceptor } from '../policy/interceptor.ts';
import type { Pools } from '../routing/pools.ts';
import type { Router } from '../routing/router.ts';
import type { EventBus } from '../telemetry/event-bus.ts';
import type { GatewayEventBody } from '../telemetry/events.ts';
import type { Instance } from '../upstream/instance.ts';
import type { ServerUnit } from '../upstream/unit.ts';
import { ServerSender } from './call.ts';
import { CallProgress } from './call-progress.ts';
import type { ListingKeeper } from './listing-keeper.ts';
import { offerOf } from './offer.ts';
import { PoolCalls } from './pool-calls.ts';
import type { Repeat } from './second-try.ts';
import type { Statistics } from './statistics.ts';
import type { Waits } from './waits.ts';

export interface SessionParts {
  readonly clock: Clock;
  readonly version: string;
  readonly pools: Pools;
  readonly interceptors: readonly Interceptor[];
  readonly scope: Scope;
  readonly bus: EventBus;
  readonly catalog: Catalog;
  readonly router: Router;
  readonly keeper: ListingKeeper;
  readonly waits: Waits;
  readonly statistics: Statistics;
  readonly units: () => readonly ServerUnit[];
  /** Of one client, unanswered. */
  readonly maxRequests: () => number;
  readonly instancesOf: (session: ClientSession) => readonly Instance[];
  /** When the client connected, wall clock. */
  readonly sinceMs: (session: ClientSession) => number;
}

export function createSessionDeps(parts: SessionParts): SessionDeps {
  const { clock, version, scope, bus, catalog, router, keeper, waits, statistics, interceptors } = parts;
  const emit = (event: GatewayEventBody): void => {
    bus.emit(event);
  };
  const onRepeat = ({ call, server, what, why, cause }: Repeat): void => {
    const place = { host: server.host, server: server.name, tool: what };
    emit({ type: 'call-repeated', ...(call === undefined ? {} : { call }), ...place, why, cause: reportOf(cause) });
  };
  const sender = new ServerSender({ router, clock, scope, onRepeat, watcher: new CallProgress(bus, clock) });
  const events = callEvents(emit, clock, () => bus.hasListeners);
  const callTool = chain([statistics.interceptor, events, ...interceptors], (call) => sender.call(call));
  const pooled = new PoolCalls({ clock, router, pools: parts.pools, callTool, onRepeat });
  let lastCall = 0;
  return {
    clock,
    version,
    scope,
    catalog,
    router,
    callTool,
    callPool: (call, tool, onMember) => pooled.call(call, tool, onMember),
    forward: (outgoing, destination) => sender.forward(outgoing, destination),
    readyFor: (server, owner) =>
      interceptors.length > 0 || bus.hasListeners ? undefined : router.ready(server, owner),
    startCall: (instance, call, waiter) => {
      sender.start(instance, call, waiter);
    },
    maxRequests: parts.maxRequests,
    nextCallId: () => {
      lastCall += 1;
      return lastCall;
    },
    callEnded: (call, outcome, client) => {
      const { call: id, route, startedMs, endedMs } = call;
      if (route === undefined) return;
      statistics.record(route, call, client, outcome);
      if (bus.hasListeners) emit(callEnded({ id, route }, endedMs - startedMs, outcome));
    },
    awaitTool: (name, client) => waits.awaitTool(name, client.owner, client.profile()),
    offer: (profile) => {
      const servers = parts.units().map(({ plan }) => plan);
      return offerOf(catalog, servers, profile);
    },
    onHello: (session) => {
      emit({ type: 'client-joined', client: session.id, name: session.hello?.name ?? '' });
      keeper.want(session, session.profile);
    },
    firstListReady: (session) => waits.firstListReady(parts.sinceMs(session)),
    instancesOf: parts.instancesOf,
    onListChanged: (instance) => {
      keeper.relist(instance);
    },
  };
}
