/** The state of everything at one moment. */
import { reportOf } from '../base/errors.ts';
import type { ClientSession } from '../downstream/session.ts';
import { liveCalls } from '../gateway/live-calls.ts';
import { reportHosts } from '../gateway/status.ts';
import { CONTROL_VERSION, type ControlMethods, type HostStatus, type StatusSnapshot } from './control-schema.ts';
import type { ControlShared } from './control-shared.ts';

/** @param own the face that asks is no client of anybody's */
export function statusOf({ deps }: Pick<ControlShared, 'deps'>, own: ClientSession | undefined): StatusSnapshot {
  const { gateway, clock, daemonPid: pid, version } = deps;
  const uptimeMs = clock.now() - gateway.startedMs;
  const clients = [...gateway.sessions].flatMap(([session, sinceMs]) =>
    session.hello === undefined || session === own
      ? []
      : [{ id: session.id, name: session.hello.name, version: session.hello.version, sinceMs }],
  );
  const problem = gateway.hostsFileProblem;
  return {
    schemaVersion: 1,
    daemon: pid === undefined ? null : { pid, version, uptimeMs, hostsFile: gateway.plan.file },
    ...(problem === undefined ? {} : { problem }),
    hosts: reportHosts(gateway).map((host) => withQuestion(deps, host)),
    clients,
  };
}

/** Synchronous: nothing can happen between its parts. */
export function snapshotOf(hub: ControlShared, own: ClientSession | undefined): ControlMethods['snapshot']['result'] {
  const { gateway, clock, prompts } = hub.deps;
  hub.events.expect();
  return {
    controlVersion: CONTROL_VERSION,
    run: hub.events.run,
    sequence: hub.events.sequence,
    status: statusOf(hub, own),
    calls: liveCalls(gateway, clock),
    prompts: prompts.pending,
  };
}

/** A host that waits for a person says so. */
function withQuestion({ gateway }: ControlShared['deps'], host: HostStatus): HostStatus {
  const cause = host.state === 'connecting' ? gateway.questions.causeOf(host.name) : undefined;
  return cause === undefined ? host : { ...host, cause: reportOf(cause) };
}
