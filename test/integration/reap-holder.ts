/** A process of its own that starts programs on a machine and holds them until it is killed. Arguments: a JSON job. */

import type { HostPlan } from '../../src/config/plan.ts';
import type { Dialer } from '../../src/launch/contract.ts';
import type { LinkDeps } from '../../src/link/contract.ts';
import { createLocalDialer } from '../../src/local/dialer.ts';
import { createOpensshDialer } from '../../src/openssh/dialer.ts';
import { createSsh2Dialer } from '../../src/ssh2/dialer.ts';
import { fixtureLaunch, HEARTBEAT, linkDeps, linkOver, NEVER, said } from './launch-support.ts';

export type Way = 'ssh2' | 'openssh' | 'local';

export interface HolderJob {
  readonly way: Way;
  readonly host: HostPlan;
  readonly folder: string;
  readonly servers: string;
  readonly names: readonly string[];
}

function dialer({ way, host }: HolderJob, deps: LinkDeps): Dialer {
  if (way === 'local') return createLocalDialer(host, deps);
  return way === 'ssh2' ? createSsh2Dialer(host, deps) : createOpensshDialer(host, deps);
}

async function hold(job: HolderJob): Promise<void> {
  const deps = linkDeps(job.folder);
  const link = linkOver(dialer(job, deps), job.host, deps, { heartbeat: HEARTBEAT });
  await Promise.all(
    job.names.map(async (name) => said(await link.open(fixtureLaunch(job.servers, name), NEVER), 'up')),
  );
  process.stdout.write('holding\n');
  setInterval(() => undefined, 60_000);
}

const [argument] = process.argv.slice(2);
if (argument !== undefined) await hold(JSON.parse(argument) as HolderJob);
