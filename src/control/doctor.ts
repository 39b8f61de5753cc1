/**
 * The doctor: goes from the hosts file to each server's tools and reports every step at once.
 *
 * Hosts are examined in parallel, as are the servers of a host. A hanging one delays no other step, and is given up.
 */

import type { DoctorStep, DoctorWait } from '../api/control.ts';
import { orAbort } from '../base/abort.ts';
import type { CancelTimer, Clock } from '../base/clock.ts';
import { counted } from '../base/counted.ts';
import { AnywhereError, asAnywhereError, type ErrorReport, EXIT, errorOf, reportOf } from '../base/errors.ts';
import type { HostPlan, Plan, ServerPlan } from '../config/plan.ts';
import type { HostEnvironment } from '../launch/contract.ts';
import { sshLine } from '../ssh/config.ts';
import { factSteps, type HostFacts } from './host-facts.ts';
import { requireHost } from './units.ts';
import { unpinnedSteps } from './unpinned.ts';

export type ReportStep = (step: DoctorStep) => void;

/** The tools of the doctor; each throws AnywhereError. */
export interface DoctorParts {
  readonly clock: Clock;
  /** Why the hosts file as it stands now is not in force. */
  readonly hostsFileProblem?: ErrorReport | undefined;
  /** A step has begun, or its limit has started again. */
  readonly waiting?: (wait: DoctorWait) => void;
  /** A person is being asked something for this host. */
  readonly isAsking: (host: string) => boolean;
  /** Examines ssh configuration, agent, host key and login of a host with ssh. Failures are reported, not thrown. */
  readonly inspect: (host: HostPlan, report: ReportStep, signal: AbortSignal) => Promise<unknown>;
  /** Connects, and asks the machine about its system and shell within `limitMs` of the connection. */
  readonly probe: (host: HostPlan, limitMs: number, signal: AbortSignal) => Promise<HostEnvironment | undefined>;
  /** Asks the machine for its time and its disks. Resolves after `limitMs` with what the machine has said by then. */
  readonly ask: (host: HostPlan, limitMs: number, signal: AbortSignal) => Promise<HostFacts>;
  /** Reads the files of the AI clients on a host with `discover`. */
  readonly discover?: (host: string, signal: AbortSignal) => Promise<Discovered>;
  /** Starts a server and waits for its answer to tools/list. Resolves with the number of its tools. */
  readonly startServer: (server: ServerPlan, signal: AbortSignal) => Promise<number>;
}

/** The outcome of a look at the files of AI clients. */
export interface Discovered {
  /** All servers of the host. */
  readonly servers: readonly ServerPlan[];
  readonly unread: readonly { readonly client: string; readonly file: string; readonly problem: string }[];
}

/** For steps without a limit in the hosts file. */
const SLACK_MS = 10_000;
/** A login shell has 10 s to print its environment; the steps before may take as long again. */
const PROBE_MS = 20_000;
/** A machine knows its time and its disks at once, unless a network folder no longer answers. */
const FACTS_MS = 5_000;
/** The longest wait of a call for a host. */
const LINK_MS = 30_000;

/** One step: its place, its limit, and the next command after a timeout. */
interface Attempt {
  readonly host: string;
  readonly server?: string;
  readonly check: () => DoctorStep['check'];
  readonly limitMs: number;
  readonly remedy: () => string;
}

/** @param gotOn starts the limit again */
type Work = (signal: AbortSignal, gotOn: () => void) => Promise<string | undefined>;

interface Report {
  readonly parts: DoctorParts;
  readonly note: ReportStep;
  readonly signal: AbortSignal;
}

/** Examines all hosts, or only the named one, and returns the steps in order. */
export async function runDoctor(
  plan: Plan,
  parts: DoctorParts,
  report: ReportStep,
  signal: AbortSignal,
  only?: string,
): Promise<readonly DoctorStep[]> {
  const hosts = chosen(plan, only);
  const steps: DoctorStep[] = [];
  const note: ReportStep = (step) => {
    steps.push(step);
    report(step);
  };
  note(configStep(plan, parts.hostsFileProblem));
  for (const step of unpinnedSteps(hosts)) note(step);
  await Promise.all(hosts.map((host) => examineHost(host, parts, note, signal)));
  return steps;
}

function chosen(plan: Plan, only: string | undefined): readonly HostPlan[] {
  if (only === undefined) return plan.hosts;
  requireHost(only, plan);
  return plan.hosts.filter(({ name }) => name === only);
}

function configStep(plan: Plan, problem: ErrorReport | undefined): DoctorStep {
  if (problem === undefined) return { check: 'config', outcome: 'ok', text: planText(plan), durationMs: 0 };
  const text = `${problem.message} The last good version stays in force.`;
  return { check: 'config', outcome: 'failed', text, cause: problem, durationMs: 0 };
}

function planText(plan: Plan): string {
  const servers = plan.hosts.reduce((sum, host) => sum + host.servers.length, 0);
  return `${plan.file}: ${counted(plan.hosts.length, 'host')}, ${counted(servers, 'server')}`;
}

async function examineHost(host: HostPlan, parts: DoctorParts, report: ReportStep, signal: AbortSignal): Promise<void> {
  const place = { host: host.name };
  const note: ReportStep = (step) => {
    report(step.cause === undefined ? step : { ...step, cause: withoutDoctor(host, step.cause) });
  };
  if (host.ssh !== undefined && !(await isReachable(host, parts, note, signal))) {
    const text = 'not tried: the host is not reachable';
    note({ ...place, check: 'probe', outcome: 'skipped', text, durationMs: 0 });
    for (const { name } of host.servers)
      note({ ...place, server: name, check: 'server', outcome: 'skipped', text, durationMs: 0 });
    return;
  }
  await examineProbe(host, parts, note, signal);
  const servers = host.discover === undefined ? host.servers : await examineClients(host, parts, note, signal);
  await Promise.all(servers.map((server) => examineServer(server, parts, note, signal)));
}

/** The cause with a hint that leads on from here: `doctor` is what the person has just run. */
function withoutDoctor(host: HostPlan, cause: ErrorReport): ErrorReport {
  const steps = cause.hint.split('; ').filter((step) => !step.startsWith('mcp-anywhere doctor'));
  if (steps.length > 0) return { ...cause, hint: steps.join('; ') };
  const isOfSsh = host.ssh !== undefined && errorOf(cause).exitCode === EXIT.unreachable;
  return isOfSsh ? { ...cause, hint: `look at what ssh itself says: ${verbose(host)}` } : cause;
}

/** What a person runs to see where a connection ends. */
function verbose({ ssh }: HostPlan, program: readonly string[] = []): string {
  return ssh === undefined ? program.join(' ') : sshLine(ssh, { flags: ['-v'], program });
}

/** Runs the link's own inspection. After a failed step the host is not examined further. */
async function isReachable(
  host: HostPlan,
  parts: DoctorParts,
  note: ReportStep,
  signal: AbortSignal,
): Promise<boolean> {
  let failed = false;
  const watch: ReportStep = (step) => {
    failed ||= step.outcome === 'failed';
    note({ ...step, host: host.name });
  };
  const seen = new Set<DoctorStep['check']>();
  const check = (): DoctorStep['check'] => (seen.has('agent') ? 'login' : 'ssh-config');
  const remedy = (): string => verbose(host);
  const inspection = { host: host.name, check, limitMs: connectMs(host), remedy };
  await attempt(inspection, { parts, note: watch, signal }, async (stop, gotOn) => {
    const pass: ReportStep = (found) => {
      // An abandoned step may still report.
      if (stop.aborted) return;
      seen.add(found.check);
      watch(found);
      gotOn();
    };
    await parts.inspect(host, pass, stop);
    return undefined;
  });
  return !failed;
}

/** The connection and the login of one machine have `connectTimeoutMs` each. */
function connectMs({ ssh }: HostPlan): number {
  return ssh === undefined ? 0 : 2 * ssh.connectTimeoutMs + SLACK_MS;
}

async function examineProbe(host: HostPlan, parts: DoctorParts, note: ReportStep, signal: AbortSignal): Promise<void> {
  const place = { host: host.name, check: 'probe' } as const;
  if (host.ssh?.subsystem !== undefined) {
    note({ ...place, outcome: 'skipped', text: `every server is the subsystem ${host.ssh.subsystem}`, durationMs: 0 });
    return;
  }
  const limitMs = connectMs(host) + PROBE_MS + SLACK_MS;
  const remedy = (): string => verbose(host, ['true']);
  const probe = { host: host.name, check: () => place.check, limitMs, remedy };
  const isProbed = await attempt(probe, { parts, note, signal }, async (stop) =>
    environmentText(host, await parts.probe(host, PROBE_MS, stop)),
  );
  if (isProbed) await examineMachine(host, { parts, note, signal });
}

async function examineMachine(host: HostPlan, report: Report): Promise<void> {
  const remedy = (): string => (host.ssh === undefined ? 'true' : sshLine(host.ssh, { program: ['true'] }));
  const asking = { host: host.name, check: () => 'machine' as const, limitMs: FACTS_MS + SLACK_MS, remedy };
  await attempt(asking, report, async (stop) => {
    const facts = await report.parts.ask(host, FACTS_MS, stop);
    for (const step of factSteps(host, facts)) report.note(step);
    return undefined;
  });
}

/** The servers of the host, also those that were found just now. */
async function examineClients(
  host: HostPlan,
  parts: DoctorParts,
  note: ReportStep,
  signal: AbortSignal,
): Promise<readonly ServerPlan[]> {
  let found: Discovered = { servers: host.servers, unread: [] };
  const place = { host: host.name, check: 'client' } as const;
  const look = {
    host: host.name,
    check: () => place.check,
    limitMs: LINK_MS + SLACK_MS,
    remedy: () => `mcp-anywhere doctor ${host.name}`,
  };
  await attempt(look, { parts, note, signal }, async (stop) => {
    found = (await parts.discover?.(host.name, stop)) ?? found;
    const count = found.servers.filter((server) => server.found !== undefined).length;
    return `the files of AI clients there name ${counted(count, 'server')}`;
  });
  for (const { client, file, problem } of found.unread) {
    const cause = new AnywhereError('CLIENT_CONFIG', `${file} of ${client} cannot be read: ${problem}`, place);
    note({ ...place, outcome: 'warning', text: cause.message, cause: reportOf(cause), durationMs: 0 });
  }
  return found.servers;
}

async function examineServer(
  server: ServerPlan,
  parts: DoctorParts,
  note: ReportStep,
  signal: AbortSignal,
): Promise<void> {
  const place = { host: server.host, server: server.name, check: 'server' } as const;
  if (!server.enabled) {
    const text = server.found?.notStarted ?? 'disabled in the hosts file';
    note({ ...place, outcome: 'skipped', text, durationMs: 0 });
    return;
  }
  // Connection, start and listing have a limit each.
  const limitMs = LINK_MS + server.startTimeoutMs + server.timeoutMs + SLACK_MS;
  const remedy = (): string => `mcp-anywhere logs ${server.host}/${server.name}`;
  const start = { host: server.host, server: server.name, check: () => place.check, limitMs, remedy };
  await attempt(start, { parts, note, signal }, async (stop) => {
    return `initialize answered, ${counted(await parts.startServer(server, stop), 'tool')}`;
  });
}

/** Runs one step and reports it: ok with the text of `work` (no text: no report), or failed with the cause. False: failed. */
async function attempt(step: Attempt, { parts, note, signal }: Report, work: Work): Promise<boolean> {
  const { clock } = parts;
  const { host, server, limitMs } = step;
  const place = server === undefined ? { host } : { host, server };
  const began = clock.monotonic();
  const limit = {
    ...{ clock, limitMs, isHeld: () => parts.isAsking(host), tooLate: () => tooLate(step) },
    begun: () => parts.waiting?.({ ...place, check: step.check(), limitMs }),
  };
  try {
    const text = await within(limit, signal, work);
    if (text !== undefined)
      note({ ...place, check: step.check(), outcome: 'ok', text, durationMs: clock.monotonic() - began });
    return true;
  } catch (thrown) {
    const error = asAnywhereError(thrown).at(place);
    note({
      ...place,
      check: step.check(),
      outcome: 'failed',
      text: error.message,
      cause: reportOf(error),
      durationMs: clock.monotonic() - began,
    });
    return false;
  }
}

interface StepLimit {
  readonly clock: Clock;
  readonly limitMs: number;
  /** True while a person is asked: the limit starts after the answer. */
  readonly isHeld: () => boolean;
  readonly tooLate: () => AnywhereError;
  /** The limit starts, for the first time or again. */
  readonly begun: () => void;
}

/** @param work gets a signal that aborts at the limit, and a function that starts the limit again */
async function within<T>(
  limit: StepLimit,
  signal: AbortSignal,
  work: (signal: AbortSignal, gotOn: () => void) => Promise<T>,
): Promise<T> {
  const late = new AbortController();
  let cancel: CancelTimer = () => undefined;
  const begin = (): void => {
    cancel();
    limit.begun();
    cancel = limit.clock.after(limit.limitMs, () => {
      if (limit.isHeld()) begin();
      else late.abort(limit.tooLate());
    });
  };
  const either = AbortSignal.any([signal, late.signal]);
  begin();
  try {
    return await orAbort(work(either, begin), either);
  } finally {
    cancel();
  }
}

function tooLate({ host, limitMs, remedy }: Attempt): AnywhereError {
  return new AnywhereError('HOST_TIMEOUT', `no result within ${Math.round(limitMs / 1000)} s`, {
    host,
    hint: remedy(),
  });
}

function environmentText(host: HostPlan, environment: HostEnvironment | undefined): string {
  if (environment === undefined)
    return host.ssh === undefined
      ? 'programs start on this machine'
      : 'programs start; the machine reported nothing about itself';
  const { system, shell, asked, variables } = environment;
  // A host that was not asked, such as this machine itself.
  if (system === '' && shell === '') return 'programs start; nothing was asked about the login';
  const machine = system === '' ? 'machine of an unknown kind' : system;
  if (asked === '')
    return `${machine}; login shell ${shell || 'unknown'} did not print its environment, so programs have the PATH of the ssh session`;
  const folders = variables.get('PATH')?.split(':').length ?? 0;
  const others = [...variables.keys()].filter((name) => name !== 'PATH');
  const more = others.length === 0 ? '' : `, and ${others.join(', ')} where the ssh session has none`;
  return `${machine}; from login shell ${shell} (${asked}): PATH of ${counted(folders, 'folder')}, behind what the ssh session alone has${more}`;
}
