/** Checks a text as if it were the hosts file /etc/hosts-files/mine.yaml. */

import type { ConfigProblem } from '../../../src/api/hosts-problems.ts';
import { checkHostsFile } from '../../../src/config/check.ts';
import type { Plan, ServerPlan, SshPlan } from '../../../src/config/plan.ts';
import { formatProblem } from '../../../src/config/problem.ts';

export const FILE = '/etc/hosts-files/mine.yaml';
export const HOME = '/home/me';

export function problemsIn(text: string | Uint8Array): readonly ConfigProblem[] {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text;
  const checked = checkHostsFile(bytes, { file: FILE, homeDir: HOME });
  return 'problems' in checked ? checked.problems : [];
}

export function planOf(text: string): Plan {
  const checked = checkHostsFile(Buffer.from(text), { file: FILE, homeDir: HOME });
  if ('problems' in checked) throw new Error(checked.problems.map(formatProblem).join('\n'));
  return checked.plan;
}

/** The ssh of host `h`. */
export function sshOf(text: string): SshPlan {
  const ssh = planOf(text).hosts.find((host) => host.name === 'h')?.ssh;
  if (ssh === undefined) throw new Error('host h has no ssh');
  return ssh;
}

/** Server `s` of host `h`. */
export function serverOf(text: string): ServerPlan {
  const server = planOf(text)
    .hosts.find((host) => host.name === 'h')
    ?.servers.find((entry) => entry.name === 's');
  if (server === undefined) throw new Error('host h has no server s');
  return server;
}
