/** The state of everything at one moment. */

import {
  CONTROL_VERSION,
  type ControlMethods,
  type HostStatus,
  type HostsFileProblem,
  type StatusSnapshot,
} from '../api/control.ts';
import { reportOf } from '../base/errors.ts';
import type { ClientSession } from '../downstream/session.ts';
import type { Gateway } from '../gateway/gateway.ts';
import { reportHosts } from './host-report.ts';
import { liveCalls } from './live-calls.ts';
import { reportPools } from './pool-report.ts';
import type { ControlShared } from './shared.ts';

/** @param own the face that asks is no client of anybody's */
export function statusOf({ deps }: Pick<ControlShared, 'deps'>, own: ClientSession | undefined): StatusSnapshot {
  const { gateway, clock, daemonPid: pid, version } = deps;
  const uptimeMs = clock.now() - gateway.startedMs;
  const clients = [...gateway.sessions].flatMap(([session, sinceMs]) =>
    session.hello === undefined || session === own
      ? []
      : [{ id: session.id, name: session.hello.name, version: session.hello.version, sinceMs }],
  );
  return {
    schemaVersion: 1,
    daemon: pid === undefined ? null : { pid, version, uptimeMs, hostsFile: gateway.plan.file },
    ...hostsFileProblem(gateway),
    hosts: reportHosts(gateway).map((host) => withQuestion(deps, host)),
    ...(gateway.plan.pools.length === 0 ? {} : { pools: reportPools(gateway) }),
    clients,
    calls: liveCalls(gateway, clock),
  };
}

export function hostsFileProblem({ hostsFileProblem: problem }: Pick<Gateway, 'hostsFileProblem'>): HostsFileProblem {
  return problem === undefined ? {} : { problem };
}

/** Synchronous: nothing can happen between its parts. */
export function snapshotOf(hub: ControlShared, own: ClientSession | undefined): ControlMethods['snapshot']['result'] {
  const { prompts } = hub.deps;
  hub.events.expect();
  const status = statusOf(hub, own);
  return {
    controlVersion: CONTROL_VERSION,
    run: hub.events.run,
    sequence: hub.events.sequence,
    status,
    calls: status.calls,
    prompts: prompts.pending,
  };
}

/** A host that waits for a person says so. */
function withQuestion({ gateway }: ControlShared['deps'], host: HostStatus): HostStatus {
  const cause = host.state === 'connecting' ? gateway.questions.causeOf(host.name) : undefined;
  return cause === undefined ? host : { ...host, cause: reportOf(cause) };
}
