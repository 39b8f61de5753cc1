/** Answers the control API for one face. */

import type { Duplex } from 'node:stream';
import {
  CONTROL_VERSION,
  type ControlMethods,
  type ControlNotifications,
  type ControlQuestions,
  type DoctorStep,
  type DoctorWait,
} from '../api/control.ts';
import type { Progress } from '../api/events.ts';
import type { HostStatus, StatusSnapshot } from '../api/status.ts';
import { AnywhereError } from '../base/errors.ts';
import { serverId } from '../catalog/snapshot.ts';
import type { ClientEnvironment } from '../gateway/client-environments.ts';
import type { Question } from '../launch/contract.ts';
import type { Log } from '../telemetry/log.ts';
import { redactAll } from '../telemetry/redact.ts';
import { ControlConnection } from './connection.ts';
import { EventFeed } from './event-feed.ts';
import type { EventHub } from './event-hub.ts';
import type { Examination } from './examination.ts';
import { explain } from './explain.ts';
import type { KeptSessions } from './kept-sessions.ts';
import { FaceClients } from './local-clients.ts';
import { checkedRequest } from './params.ts';
import type { PromptDesk } from './prompts.ts';
import { hostsFileProblem, type StatusDeps, statusOf } from './status.ts';
import { callTool, listTools } from './tools.ts';
import { bringAllUp, hostsOf, restartUnits, settle, unitsOf } from './units.ts';

type Handler<M extends keyof ControlMethods> = (
  params: ControlMethods[M]['params'],
  signal: AbortSignal,
) => Promise<ControlMethods[M]['result']> | ControlMethods[M]['result'];

type Handlers = { readonly [M in keyof ControlMethods]: Handler<M> };
type Some<M extends keyof ControlMethods> = Pick<Handlers, M>;

export interface ControlHubDeps extends StatusDeps {
  readonly log: Log;
  /** The systemd unit of another program: the daemon runs in the unit, and stops with it. */
  readonly foreignUnit?: () => Promise<string | undefined>;
  /** The gateway's own prompter asks here. */
  readonly prompts: PromptDesk;
  /** Ends the daemon, soon: the reply to `stop` comes first. Undefined: the gateway ends with its command. */
  readonly stop?: (options: { readonly drain: boolean }) => void;
}

/** What all faces of one gateway share. */
export interface ControlShared {
  readonly deps: ControlHubDeps;
  readonly events: EventHub;
  readonly examination: Examination;
  readonly kept: KeptSessions;
}

/** How long the lists of a command may take: people wait longer than AI clients. */
const TOOLS_WITHIN_MS = 30_000;

export class ControlServer {
  /** Resolves when the face is gone. Never rejects. */
  readonly ended: Promise<void>;
  readonly #hub: ControlShared;
  readonly #environment: ClientEnvironment | undefined;
  readonly #connection: ControlConnection;
  readonly #feed: EventFeed;
  readonly #handlers: Handlers;
  readonly #clients: FaceClients;
  #detach: (() => void) | undefined;

  /** @param environment of the face, where it is another process */
  constructor(stream: Duplex, hub: ControlShared, environment?: ClientEnvironment) {
    this.#hub = hub;
    this.#environment = environment;
    this.#clients = new FaceClients(hub.deps, hub.kept, environment);
    this.#handlers = { ...this.#looking(), ...this.#calling(), ...this.#mending(), ...this.#steering() };
    const connection = new ControlConnection(
      stream,
      {
        request: (method, params, signal) => this.#request(method, params, signal),
        notification: () => undefined,
        defect: (error) => {
          hub.deps.log.error({ error }, 'the control API failed');
        },
      },
      hub.deps.gateway.clock,
    );
    this.#connection = connection;
    this.#feed = new EventFeed({
      hub: hub.events,
      clock: hub.deps.gateway.clock,
      backlog: () => connection.backlog,
      notify: (notification, params) => {
        this.#notify(notification, params);
      },
      together: (work) => {
        connection.together(work);
      },
    });
    this.ended = connection.ended.then(() => {
      this.#end();
    });
  }

  /** The face waits for an answer. */
  get isBusy(): boolean {
    return this.#connection.isServing;
  }

  async #request(name: string, given: unknown, signal: AbortSignal): Promise<unknown> {
    const { method, params } = checkedRequest(name, given);
    const handler = this.#handlers[method] as Handler<typeof method>;
    const result = await handler(params, signal);
    // Output of a server reaches the face unchanged.
    return method === 'call' || method === 'tools' ? result : redactAll(result, this.#hub.deps.gateway.redact);
  }

  #notify<N extends keyof ControlNotifications>(notification: N, params: ControlNotifications[N]): void {
    this.#connection.notify(notification, params);
  }

  #looking(): Some<'status' | 'snapshot' | 'settle' | 'logs' | 'explain' | 'stats' | 'events/subscribe'> {
    const { gateway } = this.#hub.deps;
    return {
      status: () => this.#status(),
      snapshot: () => this.#snapshot(),
      settle: (params, signal) => this.#settle(params, signal),
      // The folder of the logs is that of all hosts files of this user.
      logs: async (params) => ({
        entries: await gateway.logs.tail({ ...params, hosts: gateway.plan.hosts.map(({ name }) => name) }),
      }),
      explain: ({ subject }) => explain(gateway, this.#status(), subject),
      stats: async ({ window, by }) => ({ rows: await gateway.stats(window, by) }),
      'events/subscribe': (params) => this.#feed.subscribe(params),
    };
  }

  #calling(): Some<'tools' | 'call' | 'call/cancel'> {
    const { gateway } = this.#hub.deps;
    return {
      tools: async ({ host, server, tool, start = true, shell }) => {
        if (start && tool === undefined) await gateway.discovered(TOOLS_WITHIN_MS, hostsOf(gateway, host));
        const owners = tool === undefined ? undefined : gateway.router.ownersOf(tool);
        const units = owners?.length ? owners : unitsOf(gateway, host, server);
        if (start) await bringAllUp(gateway, units, this.#clients.client(shell).session, TOOLS_WITHIN_MS);
        return { ...listTools(gateway, units, { blamed: owners, waited: start }), ...hostsFileProblem(gateway) };
      },
      call: async (params, signal) => {
        const tell = (progress: Progress): void => {
          this.#notify('call/progress', progress);
        };
        const outcome = await callTool(gateway, this.#clients.client(params.shell), params, signal, tell);
        return { ...outcome, ...hostsFileProblem(gateway) };
      },
      'call/cancel': ({ call }) => {
        const running = [...gateway.sessions.keys()].flatMap((session) => session.calls).find(({ id }) => id === call);
        if (running === undefined)
          throw new AnywhereError('USAGE', `no call ${call} is under way`, { hint: 'mcp-anywhere status' });
        running.revoke(new AnywhereError('CANCELLED', 'the user of MCP-Anywhere cancelled this call'));
        return {};
      },
    };
  }

  #mending(): Some<'doctor' | 'trust/scan' | 'trust/accept' | 'prompt/attach' | 'prompt/answer'> {
    const { examination } = this.#hub;
    return {
      doctor: async ({ host }, signal) => {
        const step = (found: DoctorStep): void => {
          this.#notify('doctor/step', found);
        };
        const wait = (begun: DoctorWait): void => {
          this.#notify('doctor/wait', begun);
        };
        const ofDaemon = await this.#examineDaemon();
        ofDaemon.forEach(step);
        const { session } = this.#clients.client();
        return { steps: [...ofDaemon, ...(await examination.doctor(host, session, { step, wait }, signal))] };
      },
      'trust/scan': async ({ host }, signal) => ({ candidates: await examination.scan(host, signal) }),
      'trust/accept': ({ host, name, fingerprint }, signal) => this.#accept(host, name, fingerprint, signal),
      'prompt/attach': () => this.#attach(),
      'prompt/answer': ({ id, answer }) => {
        if (this.#hub.deps.prompts.answer(id, answer ?? undefined)) return {};
        throw new AnywhereError('USAGE', `question ${id} no longer waits for an answer`, {
          hint: 'mcp-anywhere status',
        });
      },
    };
  }

  async #examineDaemon(): Promise<DoctorStep[]> {
    const unit = await this.#hub.deps.foreignUnit?.();
    if (unit === undefined) return [];
    const text =
      `the daemon runs in the systemd unit ${unit} of the client that started it: when that unit is stopped, ` +
      'every other client loses its calls too. To start the daemon in a unit of its own: ' +
      'mcp-anywhere stop && systemd-run --user --collect mcp-anywhere daemon';
    return [{ check: 'daemon', outcome: 'warning', text, durationMs: 0 }];
  }

  #steering(): Some<'restart' | 'reconnect' | 'enable' | 'reload' | 'stop'> {
    const { gateway, stop } = this.#hub.deps;
    return {
      restart: ({ host, server }, signal) => this.#restart(host, server, signal),
      reconnect: ({ host }) => {
        unitsOf(gateway, host);
        this.#wake(host, 'the user asked for it');
        return {};
      },
      enable: ({ host, server, enabled }) => {
        for (const { plan } of unitsOf(gateway, host, server)) gateway.setEnabled(serverId(plan), enabled);
        return {};
      },
      reload: () => gateway.reload(),
      stop: ({ drain = true }) => {
        if (stop === undefined) throw notHere('stopping');
        stop({ drain });
        return {};
      },
    };
  }

  #status(): StatusSnapshot {
    return statusOf(this.#hub.deps, this.#clients.own?.session, (session) => this.#hub.kept.stateOf(session));
  }

  /** Synchronous: nothing can happen between its parts. */
  #snapshot(): ControlMethods['snapshot']['result'] {
    const { events, deps } = this.#hub;
    events.expect();
    const status = this.#status();
    const { run, sequence } = events;
    const prompts = deps.prompts.pending;
    return { controlVersion: CONTROL_VERSION, run, sequence, status, calls: status.calls, prompts };
  }

  async #settle(params: ControlMethods['settle']['params'], signal: AbortSignal): Promise<StatusSnapshot> {
    const { withinMs, host, start = true } = params;
    const { gateway } = this.#hub.deps;
    if (start) await gateway.discovered(withinMs, hostsOf(gateway, host));
    const units = unitsOf(gateway, host);
    if (start) await bringAllUp(gateway, units, this.#clients.client().session, withinMs);
    else await settle(gateway, units, withinMs, signal);
    return this.#status();
  }

  async #restart(host: string, server: string | undefined, signal: AbortSignal): Promise<HostStatus> {
    const { gateway } = this.#hub.deps;
    await restartUnits(gateway, { host, server }, this.#clients.client().session, signal);
    const status = this.#status().hosts.find(({ name }) => name === host);
    if (status === undefined) throw new AnywhereError('INTERNAL', `no status of ${host}`);
    return status;
  }

  /** A host that was refused for its key is dialled again. */
  async #accept(
    host: string,
    name: string,
    fingerprint: string,
    signal: AbortSignal,
  ): Promise<{ readonly file: string }> {
    const written = await this.#hub.examination.accept(host, name, fingerprint, signal);
    this.#wake(host, 'a host key was accepted');
    return written;
  }

  #wake(host: string, reason: string): void {
    const { gateway } = this.#hub.deps;
    if (this.#environment !== undefined) gateway.askedFor(host, this.#environment);
    gateway.link(host).wake(reason, { user: true });
  }

  /** A person came: waiting questions are asked, and hosts that failed without a person are dialled again. */
  #attach(): ControlMethods['prompt/attach']['result'] {
    const { prompts, gateway } = this.#hub.deps;
    this.#detach ??= prompts.attach((question, signal) => this.#ask(question, signal));
    for (const { name } of gateway.plan.hosts) {
      const link = gateway.link(name);
      if (link.state.kind === 'refused' && link.state.cause.code === 'NO_TTY')
        this.#wake(name, 'a person can be asked now');
    }
    return { prompts: prompts.pending };
  }

  async #ask(question: Question, signal: AbortSignal): Promise<string | undefined> {
    const { answer } = (await this.#connection.request(
      'prompt',
      question,
      signal,
    )) as ControlQuestions['prompt']['result'];
    return answer ?? undefined;
  }

  #end(): void {
    this.#feed.close();
    this.#detach?.();
    this.#clients.close();
  }
}

function notHere(what: string): AnywhereError {
  return new AnywhereError('USAGE', `${what} is for a daemon, and no daemon runs here`, { hint: 'mcp-anywhere ps' });
}
