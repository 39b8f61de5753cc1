/** Reports hosts and servers: as events, in the log of each server, and in our own log, all without secrets. */
import { join } from 'node:path';
import type { GatewayEventBody, LogStream } from '../api/events.ts';
import type { Clock } from '../base/clock.ts';
import { AnywhereError, reportOf } from '../base/errors.ts';
import type { LimitsPlan, ServerPlan } from '../config/plan.ts';
import type { FileProblem } from '../discovery/sighting.ts';
import type { LinkChange } from '../link/contract.ts';
import { EventBus } from '../telemetry/event-bus.ts';
import { type Log, redactingLog } from '../telemetry/log.ts';
import { Redactor, redactAll } from '../telemetry/redact.ts';
import { type LogLimits, ServerLogs } from '../telemetry/server-logs.ts';
import { serverStateKind } from '../upstream/server-state.ts';
import type { UnitChange } from '../upstream/unit.ts';

export interface ReporterDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly paths: { readonly stateDir: string };
}

type LogVolume = Pick<LimitsPlan, 'logFileBytes' | 'logLinesPerSecond'>;

export class Reporter {
  readonly bus: EventBus;
  readonly logs: ServerLogs;
  readonly redactor = new Redactor();
  /** The log of this program, without secrets. */
  readonly log: Log;
  readonly #deps: ReporterDeps;

  /** @param limits of the hosts file at the start */
  constructor(deps: ReporterDeps, limits: LogVolume) {
    const { clock, paths } = deps;
    const log = redactingLog(deps.log, this.redactor.redact);
    this.#deps = { ...deps, log };
    this.log = log;
    this.bus = new EventBus({
      clock,
      onListenerError: (error) => {
        log.error({ error }, 'an event listener failed');
      },
      redact: (event) => (this.redactor.isEmpty ? event : redactAll(event, this.redactor.redact)),
    });
    this.logs = new ServerLogs({
      folder: join(paths.stateDir, 'logs'),
      clock,
      log,
      redact: this.redactor.redact,
      limits: logLimits(limits),
    });
  }

  /** Sets the limits of the hosts file in force. */
  limit(limits: LogVolume): void {
    this.logs.limit(logLimits(limits));
  }

  emit(event: GatewayEventBody): void {
    this.bus.emit(event);
  }

  linkChanged(host: string, { to, reason }: LinkChange): void {
    const cause = to.kind === 'waiting' || to.kind === 'refused' ? { cause: reportOf(to.cause) } : {};
    this.emit({ type: 'host-state', host, state: to.kind, reason, ...cause });
    const line = `${to.kind}: ${reason}`;
    this.logs.append({ atMs: this.#deps.clock.now(), host, stream: 'ssh', line });
    if (this.bus.hasListeners) this.emit({ type: 'log', host, stream: 'ssh', line });
    this.#deps.log.info({ host, state: to.kind, reason }, 'host state');
  }

  serverChanged({ host, name: server }: ServerPlan, { to, reason }: UnitChange): void {
    const cause = to.cause === undefined ? {} : { cause: reportOf(to.cause) };
    this.emit({ type: 'server-state', host, server, state: serverStateKind(to), reason, ...cause });
  }

  serverSaid({ host, name }: ServerPlan, stream: LogStream, line: string): void {
    const isKept = this.logs.append({ atMs: this.#deps.clock.now(), host, server: name, stream, line });
    if (isKept && this.bus.hasListeners) this.emit({ type: 'log', host, server: name, stream, line });
  }

  /** A server was added or replaced: earlier reports of the server no longer count. */
  serverArrived({ host, name: server, enabled }: ServerPlan): void {
    const state = enabled ? 'idle' : 'disabled';
    this.emit({ type: 'server-state', host, server, state, reason: 'the hosts file changed' });
  }

  /** The hosts file was read again: it is in force, or has a problem. */
  hostsFile(file: string, changed: readonly string[], problem: AnywhereError | undefined): void {
    if (problem === undefined) {
      this.#deps.log.info({ file, changed }, 'an edited hosts file is in force');
      this.emit({ type: 'hosts-file', file, changed });
    } else {
      const report = reportOf(problem);
      this.#deps.log.warn(
        { file, problem: report },
        'the hosts file has a problem: the last good version stays in force',
      );
      this.emit({ type: 'problem', problem: report });
    }
  }

  /** AI clients' files on hosts name other servers than before. */
  serversFound(file: string, changed: readonly string[]): void {
    this.#deps.log.info({ changed }, 'AI clients on hosts name other servers than before');
    this.emit({ type: 'hosts-file', file, changed });
  }

  /** A file of an AI client on a host cannot be read. */
  unreadable(host: string, { client, file, problem }: FileProblem): void {
    this.#deps.log.warn({ host, client, file, problem }, "an AI client's file cannot be read");
    const report = new AnywhereError('CLIENT_CONFIG', `${file} on ${host} cannot be read: ${problem}.`, { host });
    this.emit({ type: 'problem', host, problem: reportOf(report) });
  }

  /** The AI clients' files on a host could not be looked at. */
  notLooked(host: string, error: AnywhereError): void {
    this.#deps.log.warn({ host, error: reportOf(error) }, "the AI clients' files on a host were not read");
    this.emit({ type: 'problem', host, problem: reportOf(error) });
  }

  problem({ host, name: server }: ServerPlan, error: AnywhereError): void {
    this.emit({ type: 'problem', host, server, problem: reportOf(error) });
  }
}

function logLimits({ logFileBytes, logLinesPerSecond: perSecond }: LogVolume): Partial<LogLimits> {
  return { maxFileBytes: logFileBytes, rate: { burst: perSecond * 4, perSecond } };
}
