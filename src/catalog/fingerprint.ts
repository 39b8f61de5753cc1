/** Tells whether a cached listing still belongs to a server: another command is another server. */
import { createHash } from 'node:crypto';
import type { HostPlan, ServerPlan } from '../config/plan.ts';

/** Templates count as written: a secret's value never gets here. */
export function fingerprintOf(host: HostPlan, server: ServerPlan): string {
  const identity = {
    host:
      host.ssh === undefined
        ? 'local'
        : [host.ssh.alias, host.ssh.host, host.ssh.user, host.ssh.port, host.ssh.subsystem],
    command: server.command,
    args: server.args,
    env: [...server.env],
    inheritEnv: server.inheritEnv,
    cwd: server.cwd,
  };
  return createHash('sha256').update(JSON.stringify(identity)).digest('hex').slice(0, 32);
}
