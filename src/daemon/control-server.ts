/** Answers the control API from a gateway. */

import type { Clock } from '../base/clock.ts';
import { AnywhereError } from '../base/errors.ts';
import { LocalClient } from '../downstream/local-client.ts';
import { bringUp } from '../gateway/bring-up.ts';
import type { Examination } from '../gateway/examination.ts';
import type { Gateway } from '../gateway/gateway.ts';
import { reportHosts } from '../gateway/status.ts';
import type { Question } from '../link/contract.ts';
import type { ServerUnit } from '../upstream/unit.ts';
import { callTool } from './control-call.ts';
import type { ControlMethods, ControlQuestions, StatusSnapshot } from './control-schema.ts';
import { listTools } from './control-tools.ts';
import { ControlRpc } from './rpc.ts';
import type { ControlTransport } from './transport.ts';

export interface ControlServerDeps {
  readonly gateway: Gateway;
  readonly clock: Clock;
  readonly version: string;
  /** Undefined where the gateway lives only as long as the command. */
  readonly daemonPid: number | undefined;
  readonly examination: Examination;
}

type Handlers = {
  readonly [M in keyof ControlMethods]: (
    params: ControlMethods[M]['params'],
    signal: AbortSignal,
  ) => Promise<ControlMethods[M]['result']>;
};

/** How long the lists of a command may take to come in: people wait longer than AI clients. */
const TOOLS_WITHIN_MS = 30_000;

export class ControlServer {
  readonly #deps: ControlServerDeps;
  readonly #rpc: ControlRpc;
  readonly #handlers: Handlers;
  #local: LocalClient | undefined;
  #unsubscribe: (() => void) | undefined;

  constructor(transport: ControlTransport, deps: ControlServerDeps) {
    this.#deps = deps;
    this.#handlers = this.#createHandlers();
    this.#rpc = new ControlRpc(transport, {
      request: (method, params, signal) => this.#request(method, params, signal),
      notification: () => undefined,
    });
    transport.onClose(() => {
      this.#end();
    });
  }

  /** Asks the person at this face; undefined where they decline. */
  async ask(question: Question, signal: AbortSignal): Promise<string | undefined> {
    const { answer } = (await this.#rpc.request('prompt', question, signal)) as ControlQuestions['prompt']['result'];
    return answer ?? undefined;
  }

  #request(method: string, params: unknown, signal: AbortSignal): Promise<unknown> {
    if (!Object.hasOwn(this.#handlers, method))
      return Promise.reject(new AnywhereError('USAGE', `unknown control method ${method}`));
    const handler = this.#handlers[method as keyof ControlMethods] as (
      params: unknown,
      signal: AbortSignal,
    ) => Promise<unknown>;
    return handler(params, signal);
  }

  #createHandlers(): Handlers {
    const { gateway, examination } = this.#deps;
    return {
      status: () => Promise.resolve(this.#status()),
      settle: ({ withinMs, host }) => this.#settle(withinMs, host),
      tools: async ({ host, server }) => {
        const units = this.#unitsOf(host, server);
        await this.#bringUp(units, TOOLS_WITHIN_MS);
        return listTools(gateway, units);
      },
      call: (params, signal) =>
        callTool(gateway, this.#client(), params, signal, (progress) => {
          this.#rpc.notify('call/progress', progress);
        }),
      logs: async ({ host, server, lines }) => ({ entries: await gateway.logs.tail({ host, server, lines }) }),
      doctor: async ({ host }, signal) => ({
        steps: await examination.doctor(
          host,
          this.#client().session,
          (step) => {
            this.#rpc.notify('doctor/step', step);
          },
          signal,
        ),
      }),
      'trust/scan': async ({ host }, signal) => ({ candidates: await examination.scan(host, signal) }),
      'trust/accept': ({ host, name, fingerprint }, signal) => examination.accept(host, name, fingerprint, signal),
      restart: ({ host, server }) => this.#restart(host, server),
      'events/subscribe': () => Promise.resolve(this.#subscribe()),
    };
  }

  #status(): StatusSnapshot {
    const { gateway, clock, daemonPid: pid, version } = this.#deps;
    const daemon = pid === undefined ? null : { pid, version, uptimeMs: clock.now() - gateway.startedMs };
    const clients = [...gateway.sessions].flatMap(([session, sinceMs]) =>
      session.hello === undefined || session === this.#local?.session
        ? []
        : [{ id: session.id, name: session.hello.name, version: session.hello.version, sinceMs }],
    );
    return { schemaVersion: 1, daemon, hosts: reportHosts(gateway), clients };
  }

  async #settle(withinMs: number, host: string | undefined): Promise<StatusSnapshot> {
    await this.#bringUp(this.#unitsOf(host, undefined), withinMs);
    return this.#status();
  }

  /** Starts every one of the servers that has not spoken in this run, and waits until each has, or failed. */
  async #bringUp(units: readonly ServerUnit[], withinMs: number): Promise<void> {
    const { gateway } = this.#deps;
    const silent = units.filter(({ plan }) => !gateway.catalog.isFresh(plan));
    bringUp(gateway.keeper, silent, this.#client().session, 'a command needs it');
    await gateway.spoken(withinMs, units);
  }

  #unitsOf(host: string | undefined, server: string | undefined): readonly ServerUnit[] {
    const { gateway } = this.#deps;
    // Says which host is meant where there is none of that name.
    if (host !== undefined) gateway.link(host);
    const units = gateway.units.filter(
      ({ plan }) => (host === undefined || plan.host === host) && (server === undefined || plan.name === server),
    );
    if (units.length === 0 && server !== undefined)
      throw new AnywhereError('USAGE', `${host ?? 'the hosts file'} has no server ${server}`, {
        host,
        hint: 'mcp-anywhere status',
      });
    return units;
  }

  #client(): LocalClient {
    const { gateway, clock, version } = this.#deps;
    this.#local ??= new LocalClient({
      clock,
      version,
      open: (writer) => gateway.openSession(writer, { isCommand: true }),
    });
    return this.#local;
  }

  #restart(host: string, server: string | undefined): Promise<Record<string, never>> {
    const { gateway } = this.#deps;
    const units = this.#unitsOf(host, server);
    for (const unit of units) unit.stop('restart');
    if (server === undefined) gateway.link(host).wake('restart', { user: true });
    bringUp(gateway.keeper, units, this.#client().session, 'restart');
    return Promise.resolve({});
  }

  #subscribe(): { sequence: number } {
    const { bus } = this.#deps.gateway;
    this.#unsubscribe ??= bus.on(({ sequence, event }) => {
      this.#rpc.notify('event', { sequence, event });
    });
    return { sequence: bus.sequence };
  }

  #end(): void {
    this.#unsubscribe?.();
    if (this.#local === undefined) return;
    this.#local.close();
    this.#deps.gateway.closeSession(this.#local.session, new AnywhereError('CANCELLED', 'the command has ended'));
  }
}
