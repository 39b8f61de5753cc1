/** The parts of the gateway that the session of an AI client gets. */
import type { Clock } from '../base/clock.ts';
import { reportOf } from '../base/errors.ts';
import { beginning } from '../base/harmless.ts';
import type { Scope } from '../base/scope.ts';
import { Calls } from '../calls/calls.ts';
import type { Pools } from '../calls/pools.ts';
import type { Repeat } from '../calls/repetition.ts';
import type { Router } from '../calls/router.ts';
import type { Waits } from '../calls/waits.ts';
import type { Catalog } from '../catalog/catalog.ts';
import type { ClientSession, SessionDeps } from '../downstream/session.ts';
import { Gate } from '../policy/gate.ts';
import type { Middleware } from '../policy/middleware.ts';
import type { EventBus } from '../telemetry/event-bus.ts';
import type { Instance } from '../upstream/instance.ts';
import type { ServerUnit } from '../upstream/unit.ts';
import { CallEvents } from './call-events.ts';
import type { ListingKeeper } from './listing-keeper.ts';
import { offerOf } from './offer.ts';
import type { Statistics } from './statistics.ts';

export interface SessionParts {
  readonly clock: Clock;
  readonly version: string;
  readonly pools: Pools;
  readonly middleware: readonly Middleware[];
  readonly scope: Scope;
  readonly bus: EventBus;
  readonly catalog: Catalog;
  readonly router: Router;
  readonly keeper: ListingKeeper;
  readonly waits: Waits;
  readonly statistics: Statistics;
  readonly units: () => readonly ServerUnit[];
  /** The most unanswered requests of one client. */
  readonly maxRequests: () => number;
  readonly instancesOf: (session: ClientSession) => readonly Instance[];
  /** When the client connected, wall clock. */
  readonly sinceMs: (session: ClientSession) => number;
}

/** No method has a longer name. */
const MOST_OF_METHOD = 100;

export function createSessionDeps(parts: SessionParts): SessionDeps {
  const { clock, bus, catalog, router, keeper } = parts;
  const onRepeat = ({ call, server, what, why, cause }: Repeat): void => {
    const place = { host: server.host, server: server.name, tool: what };
    const numbered = call.route === undefined ? {} : { call: call.id };
    bus.emit({ type: 'call-repeated', ...numbered, ...place, why, cause: reportOf(cause) });
  };
  const observers = [parts.statistics, new CallEvents(bus, clock)];
  const calls = new Calls({ clock, router, pools: parts.pools, observers, onRepeat });
  return {
    clock,
    version: parts.version,
    scope: parts.scope,
    catalog,
    router,
    waits: parts.waits,
    calls,
    gate: new Gate(calls, parts.middleware),
    maxRequests: parts.maxRequests,
    sinceMs: parts.sinceMs,
    instancesOf: parts.instancesOf,
    offer: (profile) => {
      const servers = parts.units().map(({ plan }) => plan);
      return offerOf(catalog, servers, profile);
    },
    onHello: (session) => {
      bus.emit({ type: 'client-joined', client: session.id, name: session.hello?.name ?? '' });
      keeper.want(session, session.profile);
    },
    onListChanged: (instance) => {
      keeper.relist(instance);
    },
    onDropped: (client, method) => {
      bus.emit({ type: 'request-dropped', client, method: beginning(method, MOST_OF_METHOD) });
    },
  };
}
