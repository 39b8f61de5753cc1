/** Machines to do harm to: real sshds behind proxies, with servers that write down what they carry out. */
import { chmodSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { allProcesses, descendants, type ProcessInfo } from '../harness/processes.ts';
import { type Proxy, startProxy } from '../harness/proxy.ts';
import { type Sshd, startSshd } from '../harness/sshd.ts';

export interface Machine {
  readonly name: string;
  readonly sshd: Sshd;
  readonly proxy: Proxy;
  /** Where its servers write. */
  readonly ledgers: string;
  /** Sessions on one connection. */
  readonly maxSessions: number;
}

/** One that needs a second connection soon, one that needs it for nearly everything. */
const MAX_SESSIONS = { red: 10, blue: 4, green: 2 } as const;

export function startMachines(): Promise<readonly Machine[]> {
  return Promise.all(Object.entries(MAX_SESSIONS).map(([name, maxSessions]) => startMachine(name, maxSessions)));
}

export async function stopMachines(machines: readonly Machine[]): Promise<void> {
  await Promise.all(
    machines.map(async ({ sshd, proxy }) => {
      await proxy.stop();
      await sshd.stop();
    }),
  );
}

/** Servers that run there. */
export function serversOn({ sshd }: Machine): readonly ProcessInfo[] {
  return sshd.programs().filter(({ commandLine }) => /^\S*node\S* .*ledger\.mjs/u.test(commandLine));
}

/**
 * What its sshd holds open: a connection is a process right below the one that listens. One that went silent before
 * anything was started on it is left out: nobody over there can tell it from an idle one.
 */
export function connectionsOf({ sshd, proxy }: Machine): number {
  const pids = new Set(sshd.sessions());
  const all = allProcesses();
  const open = all.filter(({ pid, parent }) => pids.has(pid) && !pids.has(parent)).length;
  return open - proxy.halfOpen;
}

/** What runs on each of them. */
export function connectionsText(machine: Machine): string {
  const { name, sshd, proxy } = machine;
  const pids = new Set(sshd.sessions());
  const top = allProcesses().filter(({ pid, parent }) => pids.has(pid) && !pids.has(parent));
  const below = (pid: number): string =>
    descendants(pid)
      .map(({ commandLine }) => commandLine.slice(0, 150))
      .join(' | ');
  const lines = top.map(({ pid, commandLine }) => `${pid} ${commandLine}: ${below(pid)}`);
  return [`${name}: ${top.length}, ${proxy.halfOpen} of them half open`, ...lines].join('\n');
}

/** Connections that so many servers and their watcher need. */
export function connectionsFor({ maxSessions }: Machine, servers: number): number {
  return Math.ceil((servers + 1) / maxSessions);
}

/** Every file that its servers wrote their executions to. */
export function ledgersOf({ ledgers }: Machine): readonly string[] {
  return readdirSync(ledgers).map((name) => join(ledgers, name));
}

/** How often its side of a connection took new keys in the middle of it. */
export function rekeysOf({ sshd }: Machine): number {
  return sshd.log().split('ssh_set_newkeys: rekeying in').length - 1;
}

async function startMachine(name: string, maxSessions: number): Promise<Machine> {
  // New keys are agreed on every second, and every 64 KB, while it is harmed.
  const sshd = await startSshd({ maxSessions, config: ['RekeyLimit 64K 1', 'LogLevel DEBUG1'] });
  const proxy = await startProxy({ to: sshd.port });
  const ledgers = join(sshd.folder, 'ledgers');
  mkdirSync(ledgers);
  chmodSync(ledgers, 0o777);
  return { name, sshd, proxy, ledgers, maxSessions };
}
