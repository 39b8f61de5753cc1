/** What `config trust` shows of a hosts file to the person who is to trust it. Loaded by that command alone. */
import { createTwoFilesPatch } from 'diff';
import { visible } from '../base/harmless.ts';
import type { DiscoverPlan, HostPlan, Plan, Reference, ServerPlan, SshPlan, Template } from './plan.ts';
import { describeReference, formatTemplate } from './template.ts';

/**
 * One line for each server with its settings below, then the files and commands that are read or run on this machine. Literal
 * values are shown, values of references are not.
 */
export function summaryOf(plan: Plan): string[] {
  const servers = plan.hosts.flatMap((host) => host.servers.flatMap((server) => serverLines(host, server)));
  const finds = plan.hosts.flatMap((host) => (host.discover === undefined ? [] : [discoverLine(host, host.discover)]));
  const sshFiles = plan.hosts.flatMap(({ ssh }) => (ssh === undefined ? [] : sshLines(ssh)));
  const references = plan.hosts
    .flatMap((host) => host.servers.flatMap(referencesOf))
    .map((reference) => `resolves ${describeReference(reference)} here`);
  return [...servers, ...finds, ...new Set([...sshFiles, ...references])];
}

function serverLines(host: HostPlan, server: ServerPlan): string[] {
  const where = host.ssh === undefined ? 'on this machine' : `over ssh to ${sshText(host.ssh)}`;
  const what =
    host.ssh?.subsystem === undefined
      ? [server.command, ...server.args.map(formatTemplate)].join(' ')
      : `subsystem ${host.ssh.subsystem}`;
  return [
    `${host.name}/${server.name} ${server.enabled ? 'starts' : 'would start (disabled)'} ${where}: ${what}`,
    ...(server.cwd === undefined ? [] : [`  in the folder ${server.cwd}`]),
    ...[...server.env].map(([name, value]) => `  with ${name}=${formatTemplate(value)}`),
    ...server.inheritEnv.map((name) => `  with ${name} as your AI client has it`),
  ];
}

function discoverLine(host: HostPlan, { clients, projects }: DiscoverPlan): string {
  const where = host.ssh === undefined ? 'on this machine' : `over ssh on ${sshText(host.ssh)}`;
  const whose = clients.length === 0 ? 'AI clients' : clients.join(', ');
  const also = projects.length === 0 ? '' : `, also of the projects ${projects.join(', ')}`;
  return `${host.name} starts ${where}: all servers that the files of ${whose} there name${also}`;
}

function sshText({ alias, host = alias, user, port, proxyJump }: SshPlan): string {
  const login = `${user === undefined ? '' : `${user}@`}${host}${port === undefined ? '' : `:${String(port)}`}`;
  return proxyJump === undefined ? login : `${login} through ${proxyJump}`;
}

function sshLines({ configFile, identityFiles, knownHostsFiles }: SshPlan): string[] {
  return [
    ...(configFile === undefined ? [] : [`reads ${configFile} as ssh configuration`]),
    ...identityFiles.map((file) => `logs in with the key ${file}`),
    ...knownHostsFiles.map((file) => `knows host keys by ${file}`),
  ];
}

function referencesOf(server: ServerPlan): Reference[] {
  const templates: readonly Template[] = [...server.args, ...server.env.values()];
  return templates.flatMap((template) => template.pieces.filter((piece) => typeof piece !== 'string'));
}

/** A unified diff with three lines of context; what could steer a terminal or hide text is made visible. */
export function trustDiff(file: string, before: string, after: string): string {
  return visible(createTwoFilesPatch(file, file, before, after, 'as trusted', 'now', { context: 3 }));
}
