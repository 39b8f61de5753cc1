/** What can go wrong, done for real. Each comes with how it ends. */
import { signalPid } from '../harness/processes.ts';
import { type HostsBook, SERVER_NAMES } from './hosts-book.ts';
import { type Machine, serversOn } from './machines.ts';
import type { Chance } from './random.ts';

export interface Scene {
  readonly machine: Machine;
  readonly book: HostsBook;
  readonly chance: Chance;
  /** Lets so much time pass, or less when the run is over. */
  readonly pass: (ms: number) => Promise<void>;
}

export interface Fault {
  readonly name: string;
  /** Relative to the others. */
  readonly weight: number;
  /** One at a time on a machine. */
  run(scene: Scene): Promise<void>;
}

const line = (name: string, weight: number, harm: (machine: Machine) => void | Promise<void>): Fault => ({
  name,
  weight,
  run: async ({ machine, chance, pass }) => {
    await harm(machine);
    await pass(chance.whole(50, 2_500));
    await machine.proxy.heal();
  },
});

/** For a while it is not in the file. */
async function leaveOut({ book, chance, pass }: Scene, id: string): Promise<void> {
  book.set(id, false);
  await pass(chance.whole(200, 2_000));
  book.set(id, true);
}

export const FAULTS: readonly Fault[] = [
  line('cut', 3, ({ proxy }) => proxy.cut()),
  line('reset', 3, ({ proxy }) => proxy.reset()),
  line('blackhole', 3, ({ proxy }) => {
    proxy.blackhole();
  }),
  {
    name: 'slow line',
    weight: 1,
    run: async ({ machine: { proxy }, chance, pass }) => {
      proxy.setDelay(chance.whole(5, 60));
      await proxy.reset();
      await proxy.heal();
      await pass(chance.whole(500, 2_000));
      proxy.setDelay(0);
    },
  },
  { name: 'sshd restart', weight: 1, run: ({ machine: { sshd } }) => sshd.restart() },
  {
    name: 'kill -9 of a server',
    weight: 3,
    run: async ({ machine, chance }) => {
      const servers = serversOn(machine);
      if (servers.length > 0) signalPid(chance.of(servers).pid, 'SIGKILL');
    },
  },
  {
    name: 'SIGSTOP of a server',
    weight: 2,
    run: async ({ machine, chance, pass }) => {
      const servers = serversOn(machine);
      if (servers.length === 0) return;
      const { pid } = chance.of(servers);
      signalPid(pid, 'SIGSTOP');
      await pass(chance.whole(100, 4_000));
      signalPid(pid, 'SIGCONT');
    },
  },
  {
    name: 'edited server',
    weight: 3,
    run: async ({ book, machine, chance }) => {
      book.editServer(machine.name, chance.of(SERVER_NAMES));
    },
  },
  { name: 'pools choose otherwise', weight: 1, run: async ({ book }) => book.turnPools() },
  {
    name: 'server out of the file',
    weight: 1,
    run: (scene) => leaveOut(scene, `${scene.machine.name}/${scene.chance.of(SERVER_NAMES)}`),
  },
  { name: 'host out of the file', weight: 1, run: (scene) => leaveOut(scene, scene.machine.name) },
  {
    name: 'broken file',
    weight: 1,
    run: async ({ book, machine, chance, pass }) => {
      book.spoil();
      await pass(chance.whole(50, 800));
      book.set(machine.name, true);
    },
  },
];

/** One of them, by its weight. */
export function chosenFault<F extends { readonly weight: number }>(faults: readonly F[], chance: Chance): F {
  return chance.of(faults.flatMap((fault) => Array.from({ length: fault.weight }, () => fault)));
}
