/** What a hosts file starts, for the person who is to trust it: no value of a secret in it. */
import type { HostPlan, Plan, Reference, ServerPlan, Template } from './plan.ts';
import { describeReference, formatTemplate } from './template.ts';

/** One line a server, then what is read or run on this machine itself. */
export function summaryOf(plan: Plan): string[] {
  const servers = plan.hosts.flatMap((host) => host.servers.map((server) => serverLine(host, server)));
  const configFiles = plan.hosts.flatMap((host) =>
    host.ssh?.configFile === undefined ? [] : [`reads ${host.ssh.configFile} as ssh configuration`],
  );
  const references = plan.hosts
    .flatMap((host) => host.servers.flatMap(referencesOf))
    .map((reference) => `resolves ${describeReference(reference)} here`);
  return [...servers, ...new Set([...configFiles, ...references])];
}

function serverLine(host: HostPlan, server: ServerPlan): string {
  const where = host.ssh === undefined ? 'on this machine' : `over ssh to ${host.ssh.host ?? host.ssh.alias}`;
  const what =
    host.ssh?.subsystem === undefined
      ? [server.command, ...server.args.map(formatTemplate)].join(' ')
      : `subsystem ${host.ssh.subsystem}`;
  return `${host.name}/${server.name} ${server.enabled ? 'starts' : 'would start (disabled)'} ${where}: ${what}`;
}

function referencesOf(server: ServerPlan): Reference[] {
  const templates: readonly Template[] = [...server.args, ...server.env.values()];
  return templates.flatMap((template) => template.pieces.filter((piece) => typeof piece !== 'string'));
}
