/** The machines that the link contract is run on. */
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { HostPlan } from '../../src/config/plan.ts';
import type { Dialer } from '../../src/launch/contract.ts';
import type { LinkDeps } from '../../src/link/contract.ts';
import { createLocalDialer } from '../../src/local/dialer.ts';
import { withVariable } from '../harness/processes.ts';
import { startProxy } from '../harness/proxy.ts';
import { scratch } from '../harness/scratch.ts';
import { startSshd } from '../harness/sshd.ts';
import { LOCAL_HOST, linkDeps, linkOver, sshHost } from '../integration/launch-support.ts';
import type { ContractMachine } from './link-contract.ts';

const FIXTURES = fileURLToPath(new URL('../fixtures/servers', import.meta.url));

export function localMachine(): Promise<ContractMachine> {
  const folder = scratch();
  const servers = join(folder, 'servers');
  cpSync(FIXTURES, servers, { recursive: true });
  const deps = linkDeps(folder);
  return Promise.resolve({
    link: () => linkOver(createLocalDialer(LOCAL_HOST, deps), LOCAL_HOST, deps),
    servers,
    cut: () => Promise.reject(new Error('this machine has no line')),
    programs: () => withVariable('HOME', folder).length,
    stop: () => Promise.resolve(),
  });
}

export async function sshMachine(createDialer: (host: HostPlan, deps: LinkDeps) => Dialer): Promise<ContractMachine> {
  const sshd = await startSshd();
  const proxy = await startProxy({ to: sshd.port });
  const folder = scratch();
  const deps = linkDeps(folder);
  const host = sshHost(sshd, folder, { port: proxy.port });
  return {
    link: () => linkOver(createDialer(host, deps), host, deps),
    servers: sshd.servers,
    cut: async () => {
      await proxy.reset();
      await proxy.heal();
    },
    programs: () => sshd.programs().length,
    stop: async () => {
      await proxy.stop();
      await sshd.stop();
    },
  };
}
