/** Finds the server of a public name, and an instance of the server for the call. */

import { deadline, orAbort } from '../base/abort.ts';
import type { Clock } from '../base/clock.ts';
import { AnywhereError } from '../base/errors.ts';
import type { Catalog } from '../catalog/catalog.ts';
import { type Route, serverId } from '../catalog/route.ts';
import type { ServerPlan } from '../config/plan.ts';
import type { Link, LinkState } from '../link/contract.ts';
import type { Instance, InstanceOwner } from '../upstream/instance.ts';
import type { ServerUnit } from '../upstream/unit.ts';
import { patienceMs } from './patience.ts';

/** Causes known outside this room for a server that cannot be called, and the listener for calls to hosts that are not up. */
export interface Causes {
  /** The question to a person that a connecting host waits for. */
  readonly waitsFor?: (host: string) => AnywhereError | undefined;
  /** A client calls a host that is not connected. */
  readonly askedFor?: (host: string, owner: InstanceOwner) => void;
  /** The server is off because a person switched it off in this run, and not by the hosts file. */
  readonly isSwitchedOff?: (server: ServerPlan) => boolean;
  /** Why a running server could not be listed. */
  readonly listingFailure?: (unit: ServerUnit) => AnywhereError | undefined;
}

export class Router {
  readonly #catalog: Catalog;
  #units: ReadonlyMap<string, ServerUnit> = new Map();
  /** The same units by plan, for a fast lookup with every call. */
  #byPlan: ReadonlyMap<ServerPlan, ServerUnit> = new Map();
  /** By plans of earlier hosts files: pending calls still find their server. */
  readonly #byEarlierPlan = new WeakMap<ServerPlan, ServerUnit>();
  readonly #clock: Clock;
  readonly #causes: Causes;

  constructor(catalog: Catalog, units: ReadonlyMap<string, ServerUnit>, clock: Clock, causes: Causes = {}) {
    this.#catalog = catalog;
    this.#clock = clock;
    this.#causes = causes;
    this.use(units);
  }

  /** Takes the servers of the current hosts file, by `host/server`. */
  use(units: ReadonlyMap<string, ServerUnit>): void {
    for (const [plan, unit] of this.#byPlan) this.#byEarlierPlan.set(plan, unit);
    this.#units = units;
    this.#byPlan = new Map([...units.values()].map((unit) => [unit.plan, unit]));
  }

  /**
   * The route of a public tool or prompt name.
   * @param profile of the calling client; undefined: the latest listings
   */
  named(collection: 'tools' | 'prompts', name: string, profile?: string): Route | undefined {
    return this.#catalog.snapshot(profile).routes[collection].get(name);
  }

  /** The only enabled server, where there is exactly one. */
  get soleServer(): ServerPlan | undefined {
    const enabled = [...this.#units.values()].filter(({ plan }) => plan.enabled);
    return enabled.length === 1 ? enabled[0]?.plan : undefined;
  }

  /** The enabled servers whose prefix the name has. */
  ownersOf(name: string): readonly ServerUnit[] {
    return [...this.#units.values()].filter(({ plan }) => plan.enabled && this.#mayBeOf(plan, name));
  }

  /** The servers that may offer this unknown name: the name has their prefix, and they were never listed. */
  unlisted(name: string): readonly ServerUnit[] {
    return this.ownersOf(name).filter(({ plan }) => !this.#catalog.isListed(plan, 'tools'));
  }

  /** Why an unknown name may still be right. Undefined: the name is wrong. */
  whyUnknown(name: string): AnywhereError | undefined {
    const [unit] = this.unlisted(name);
    if (unit === undefined) return this.#whyOff(name);
    const { host, name: server } = unit.plan;
    const ofHost = this.#causes.waitsFor?.(host) ?? causeOf(unit.link.state);
    const cause = ofHost ?? unit.state.cause;
    const failure = cause === undefined ? this.#causes.listingFailure?.(unit) : undefined;
    if (failure !== undefined) return failure.at({ host, server, tool: name });
    const again = ofHost === undefined ? againText(unit) : this.#retryText(unit.link);
    const why = cause === undefined ? '' : `: ${sentence(cause.message)}${again}`;
    const details = { host, server, tool: name, evidence: cause?.evidence, hint: cause?.hint };
    return new AnywhereError(
      cause?.code ?? 'HOST_TIMEOUT',
      `${host}/${server} has not listed its tools yet${why}`,
      details,
    );
  }

  #mayBeOf(server: ServerPlan, name: string): boolean {
    return this.#catalog.prefixesOf(server).some((prefix) => name.startsWith(prefix));
  }

  #whyOff(name: string): AnywhereError | undefined {
    const off = [...this.#units.values()].find(({ plan }) => !plan.enabled && this.#mayBeOf(plan, name));
    if (off === undefined) return undefined;
    const { host, name: server } = off.plan;
    const isWritten = off.plan.found === undefined && this.#causes.isSwitchedOff?.(off.plan) !== true;
    return new AnywhereError(
      'TOOL_DENIED',
      `${host}/${server} is switched off${isWritten ? ' in the hosts file' : ''}`,
      {
        ...{ host, server, tool: name },
        hint: `mcp-anywhere ${isWritten ? 'server enable' : 'enable'} ${host}/${server}`,
      },
    );
  }

  /**
   * A live instance for this client, at once where one is up; otherwise host and server are started.
   * @param asker whose signal ends the wait; asked for a signal only where there is a wait
   */
  instance(
    server: ServerPlan,
    owner: InstanceOwner,
    asker: { readonly signal: AbortSignal },
  ): Instance | Promise<Instance> {
    return this.ready(server, owner) ?? this.#bringUp(this.unit(server), owner, asker.signal);
  }

  /** The instance of this client, if it is up. */
  ready(server: ServerPlan, owner: InstanceOwner): Instance | undefined {
    const unit = this.unit(server);
    const instance = unit.current(owner);
    return instance?.hello !== undefined && instance.isLive && unit.link.isDoubtful !== true ? instance : undefined;
  }

  unit(server: ServerPlan): ServerUnit {
    const unit = this.#byPlan.get(server) ?? this.#byEarlierPlan.get(server);
    if (unit === undefined) throw new AnywhereError('INTERNAL', `no unit for ${serverId(server)}`);
    return unit;
  }

  async #bringUp(unit: ServerUnit, owner: InstanceOwner, signal: AbortSignal): Promise<Instance> {
    const refusal = unit.retired ?? unit.refusal;
    if (refusal !== undefined) throw refusal;
    if (unit.link.state.kind !== 'ready') this.#causes.askedFor?.(unit.plan.host, owner);
    await this.#hostReady(unit, signal);
    try {
      return await this.#started(unit, owner, signal);
    } catch (error) {
      // The connection was lost before the server got a request: tries once more on the next connection.
      if (signal.aborted || !(error instanceof AnywhereError) || error.code !== 'LINK_LOST') throw error;
      await this.#hostReady(unit, signal);
      return this.#started(unit, owner, signal);
    }
  }

  async #started(unit: ServerUnit, owner: InstanceOwner, signal: AbortSignal): Promise<Instance> {
    const instance = unit.instanceFor(owner);
    await orAbort(instance.ready, signal);
    return instance;
  }

  async #hostReady(unit: ServerUnit, signal: AbortSignal): Promise<void> {
    const { link, plan } = unit;
    // A connection that may be dead is checked first: a call that was never sent can be sent again.
    if (link.state.kind === 'ready' && link.isDoubtful === true) await orAbort(isAlive(link), signal);
    if (link.state.kind === 'ready') return;
    const before = link.state;
    const waitMs = patienceMs(before, plan.timeoutMs);
    if (waitMs === 0) throw this.#notReady(unit, before);
    const limit = deadline(this.#clock, waitMs, () => this.#notReady(unit, before), signal);
    try {
      link.wake(`a call to ${serverId(plan)}`);
      await orAbort(link.ready(limit.signal), limit.signal);
    } catch (error) {
      // The reason of the signal is the full error.
      throw limit.signal.aborted ? limit.signal.reason : this.#notReady(unit, before, error);
    } finally {
      limit.clear();
    }
  }

  /** Tells the model the host, the cause, and the next retry. */
  #notReady(unit: ServerUnit, before: LinkState, thrown?: unknown): AnywhereError {
    if (unit.retired !== undefined) return unit.retired;
    const { link, plan } = unit;
    const failure = causeOf(link.state) ?? (thrown instanceof AnywhereError ? thrown : undefined) ?? causeOf(before);
    const cause = this.#causes.waitsFor?.(plan.host) ?? failure;
    const text = `host ${plan.host} is not available: ${sentence(cause?.message ?? 'it does not answer')}${this.#retryText(link)}`;
    return new AnywhereError(cause?.code ?? 'HOST_TIMEOUT', text, {
      host: plan.host,
      server: plan.name,
      evidence: cause?.evidence,
      hint: cause?.hint,
      cause,
    });
  }

  #retryText(link: Link): string {
    const { state } = link;
    if (this.#causes.waitsFor?.(link.host) !== undefined) return '';
    if (state.kind === 'refused') return '. MCP-Anywhere will not try again by itself';
    if (state.kind !== 'waiting') return '. MCP-Anywhere is trying again now';
    return `. MCP-Anywhere will try again in ${Math.max(1, Math.round((state.retryAtMs - this.#clock.now()) / 1000))} s`;
  }
}

function againText({ again }: ServerUnit): string {
  return again === undefined ? '. The next call starts it again' : `. MCP-Anywhere ${again}`;
}

/** Without the final full stop, for text that follows. */
function sentence(message: string): string {
  return message.endsWith('.') ? message.slice(0, -1) : message;
}

function isAlive(link: Link): Promise<boolean> {
  return link.isAlive?.() ?? Promise.resolve(true);
}

function causeOf(state: LinkState): AnywhereError | undefined {
  if (state.kind === 'waiting' || state.kind === 'refused') return state.cause;
  return state.kind === 'connecting' ? state.lastCause : undefined;
}
