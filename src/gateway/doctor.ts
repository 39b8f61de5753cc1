/**
 * The doctor: walks from the hosts file to each server's tools and reports every step as it is done.
 *
 * Hosts are examined in parallel and servers of a host too; one that hangs delays nobody else's steps.
 */

import type { Clock } from '../base/clock.ts';
import { AnywhereError, asAnywhereError, type ErrorReport, reportOf } from '../base/errors.ts';
import { nearMiss } from '../config/near-miss.ts';
import type { HostPlan, Plan, ServerPlan } from '../config/plan.ts';
import type { HostEnvironment } from '../launch/launch.ts';

/** One finding. The control API's `DoctorStep` is the same shape. */
export interface DoctorStep {
  readonly host?: string;
  readonly server?: string;
  readonly check: 'config' | 'ssh-config' | 'agent' | 'host-key' | 'login' | 'probe' | 'server';
  readonly outcome: 'ok' | 'warning' | 'failed' | 'skipped';
  readonly text: string;
  readonly cause?: ErrorReport;
  readonly durationMs: number;
}

export type ReportStep = (step: DoctorStep) => void;

/** What the doctor examines with; each throws AnywhereError. */
export interface DoctorParts {
  readonly clock: Clock;
  /** ssh configuration, agent, host key and login of a host with ssh; reports what it finds and throws nothing for it. */
  readonly inspect: (host: HostPlan, report: ReportStep, signal: AbortSignal) => Promise<unknown>;
  /** Connects and asks the machine what it is. */
  readonly probe: (host: HostPlan, signal: AbortSignal) => Promise<HostEnvironment | undefined>;
  /** Starts a server up to its answer to tools/list. */
  readonly startServer: (
    server: ServerPlan,
    signal: AbortSignal,
  ) => Promise<{ readonly tools: number; readonly ms: number }>;
}

/** Examines all hosts, or the one named, and returns the steps in the order they were done. */
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
  note({ check: 'config', outcome: 'ok', text: planText(plan), durationMs: 0 });
  await Promise.all(hosts.map((host) => examineHost(host, parts, note, signal)));
  return steps;
}

function chosen(plan: Plan, only: string | undefined): readonly HostPlan[] {
  if (only === undefined) return plan.hosts;
  const host = plan.hosts.find(({ name }) => name === only);
  if (host !== undefined) return [host];
  const names = plan.hosts.map(({ name }) => name);
  const near = nearMiss(only, names);
  throw new AnywhereError(
    'USAGE',
    `The hosts file has no host ${only}${near === undefined ? '.' : `; did you mean ${near}?`}`,
    {
      evidence: [`${plan.file} has ${names.join(', ')}`],
      hint: 'mcp-anywhere doctor',
    },
  );
}

function planText(plan: Plan): string {
  const servers = plan.hosts.reduce((sum, host) => sum + host.servers.length, 0);
  return `${plan.file}: ${counted(plan.hosts.length, 'host')}, ${counted(servers, 'server')}`;
}

function counted(count: number, thing: string): string {
  return `${String(count)} ${thing}${count === 1 ? '' : 's'}`;
}

async function examineHost(host: HostPlan, parts: DoctorParts, note: ReportStep, signal: AbortSignal): Promise<void> {
  const place = { host: host.name };
  if (host.ssh !== undefined && !(await isReachable(host, parts, note, signal))) {
    const text = 'not tried: the host is not reached';
    note({ ...place, check: 'probe', outcome: 'skipped', text, durationMs: 0 });
    for (const { name } of host.servers)
      note({ ...place, server: name, check: 'server', outcome: 'skipped', text, durationMs: 0 });
    return;
  }
  await examineProbe(host, parts, note, signal);
  await Promise.all(host.servers.map((server) => examineServer(server, parts, note, signal)));
}

/** The link's own inspection; a host where any step of it failed is not tried further. */
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
  await attempt({ host: host.name, check: 'login' }, parts.clock, watch, async () => {
    await parts.inspect(host, watch, signal);
    return undefined;
  });
  return !failed;
}

async function examineProbe(host: HostPlan, parts: DoctorParts, note: ReportStep, signal: AbortSignal): Promise<void> {
  const place = { host: host.name, check: 'probe' } as const;
  if (host.ssh?.subsystem !== undefined) {
    note({ ...place, outcome: 'skipped', text: `every server is the subsystem ${host.ssh.subsystem}`, durationMs: 0 });
    return;
  }
  await attempt(place, parts.clock, note, async () => environmentText(host, await parts.probe(host, signal)));
}

async function examineServer(
  server: ServerPlan,
  parts: DoctorParts,
  note: ReportStep,
  signal: AbortSignal,
): Promise<void> {
  const place = { host: server.host, server: server.name, check: 'server' } as const;
  if (!server.enabled) {
    note({ ...place, outcome: 'skipped', text: 'disabled in the hosts file', durationMs: 0 });
    return;
  }
  await attempt(place, parts.clock, note, async () => {
    const { tools } = await parts.startServer(server, signal);
    return `initialize answered, ${counted(tools, 'tool')}`;
  });
}

/** One step: ok with the text that `work` gives (none: nothing to report), or failed with its cause. */
async function attempt(
  place: Pick<DoctorStep, 'host' | 'server' | 'check'>,
  clock: Clock,
  note: ReportStep,
  work: () => Promise<string | undefined>,
): Promise<void> {
  const began = clock.monotonic();
  try {
    const text = await work();
    if (text !== undefined) note({ ...place, outcome: 'ok', text, durationMs: clock.monotonic() - began });
  } catch (thrown) {
    const error = asAnywhereError(thrown).at({ host: place.host, server: place.server });
    note({
      ...place,
      outcome: 'failed',
      text: error.message,
      cause: reportOf(error),
      durationMs: clock.monotonic() - began,
    });
  }
}

function environmentText(host: HostPlan, environment: HostEnvironment | undefined): string {
  if (environment === undefined)
    return host.ssh === undefined ? 'programs start on this machine' : 'programs start; it said nothing about itself';
  const path = environment.variables.get('PATH');
  return `${environment.system}, ${environment.shell}${path === undefined ? '' : `, PATH of ${String(path.split(':').length)} folders`}`;
}
