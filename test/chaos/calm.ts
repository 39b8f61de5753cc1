/** What must hold when nothing is in the way. */
import { gone } from '../harness/processes.ts';
import { until } from '../harness/until.ts';
import type { Caller } from './caller.ts';
import type { HostsBook } from './hosts-book.ts';
import { connectionsFor, connectionsOf, connectionsText, type Machine, serversOn } from './machines.ts';
import type { Held, Program } from './program.ts';

export interface World {
  readonly machines: readonly Machine[];
  readonly book: HostsBook;
  readonly program: Program;
}

/** What was half open when the last line healed is known to be so, and its servers have been ended. */
const REST_MS = 25_000;

/** As few connections as its servers need, which are kept busy meanwhile: so what is counted is what is needed. */
export async function fewConnections(machine: Machine, book: HostsBook, caller: Caller): Promise<void> {
  const targets = book.everyServer.filter(({ prefix, host = prefix }) => host.startsWith(machine.name));
  const isFew = async (): Promise<boolean> => {
    await Promise.all(targets.map((target) => caller.isAnswered(target)));
    return connectionsOf(machine) <= connectionsFor(machine, serversOn(machine).length);
  };
  await until(isFew, { what: () => `${machine.name} to need few connections: ${connectionsText(machine)}` });
}

/** Nobody calls: unused, they end by themselves. */
export async function serversEnded(machines: readonly Machine[]): Promise<void> {
  await gone(() => machines.flatMap(serversOn), REST_MS);
}

/** Nobody calls: every machine has one connection, and no server. */
export async function atRest({ machines, program }: World): Promise<Held> {
  await serversEnded(machines);
  // Lines that went silent stay half open at the proxy, which is in this process.
  for (const { proxy } of machines) await proxy.cut();
  for (const { proxy } of machines) await proxy.heal();
  const isUp = (machine: Machine): boolean => machine.proxy.connections === 1 && connectionsOf(machine) === 1;
  await until(() => machines.every(isUp), {
    withinMs: REST_MS,
    everyMs: 100,
    what: () => `one connection to each machine: ${machines.map(connectionsText).join('; ')}`,
  });
  return program.held();
}

/** Ends the program; resolves with what is left of it here. Nothing may be left on any machine. */
export async function nothingLeft({ machines, program }: World): Promise<readonly string[]> {
  const left = await program.stop();
  const empty = async (machine: Machine): Promise<void> => {
    await machine.sshd.quiet();
    await until(() => connectionsOf(machine) === 0, { what: `the connections to ${machine.name} to end` });
  };
  await Promise.all(machines.map(empty));
  return left;
}
