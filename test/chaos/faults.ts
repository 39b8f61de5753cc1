/** What can go wrong, done for real. Each comes with how it ends. */
import { setTimeout as sleep } from 'node:timers/promises';
import { signalPid } from '../harness/processes.ts';
import type { Chance } from './random.ts';
import type { Machine, World } from './world.ts';

export interface Fault {
  readonly name: string;
  /** Relative to the others. */
  readonly weight: number;
  /** One at a time on a machine. */
  run(world: World, machine: Machine, chance: Chance): Promise<void>;
}

const line = (name: string, weight: number, harm: (machine: Machine) => void | Promise<void>): Fault => ({
  name,
  weight,
  run: async (_world, machine, chance) => {
    await harm(machine);
    await sleep(chance.whole(50, 2_500));
    await machine.proxy.heal();
  },
});

const SERVERS = ['own', 'common'] as const;

const FAULTS: readonly Fault[] = [
  line('cut', 3, ({ proxy }) => proxy.cut()),
  line('reset', 3, ({ proxy }) => proxy.reset()),
  {
    name: 'blackhole',
    weight: 3,
    run: async (world, machine, chance) => {
      // Nobody over there can tell that a line went silent which nobody watched yet: early-blackhole.test.ts.
      if (!world.isWatched(machine)) return;
      machine.proxy.blackhole();
      await sleep(chance.whole(50, 2_500));
      await machine.proxy.heal();
    },
  },
  {
    name: 'slow line',
    weight: 1,
    run: async (_world, { proxy }, chance) => {
      proxy.setDelay(chance.whole(5, 60));
      await proxy.reset();
      await proxy.heal();
      await sleep(chance.whole(500, 2_000));
      proxy.setDelay(0);
    },
  },
  { name: 'sshd restart', weight: 1, run: (_world, { sshd }) => sshd.restart() },
  {
    name: 'kill -9 of a server',
    weight: 3,
    run: async (world, machine, chance) => {
      const programs = world.programs(machine);
      if (programs.length > 0) signalPid(chance.of(programs).pid, 'SIGKILL');
    },
  },
  {
    name: 'SIGSTOP of a server',
    weight: 2,
    run: async (world, machine, chance) => {
      const programs = world.programs(machine);
      if (programs.length === 0) return;
      const { pid } = chance.of(programs);
      signalPid(pid, 'SIGSTOP');
      await sleep(chance.whole(100, 4_000));
      signalPid(pid, 'SIGCONT');
    },
  },
  {
    name: 'edited server',
    weight: 3,
    run: async (world, { name }, chance) => {
      world.editServer(name, chance.of(SERVERS));
    },
  },
  {
    name: 'host out of the file',
    weight: 1,
    run: async (world, { name }, chance) => {
      world.setHost(name, false);
      await sleep(chance.whole(200, 2_000));
      world.setHost(name, true);
    },
  },
  {
    name: 'broken file',
    weight: 1,
    run: async (world, { name }, chance) => {
      world.spoilFile();
      await sleep(chance.whole(50, 800));
      world.setHost(name, true);
    },
  },
];

export function chosenFault(chance: Chance): Fault {
  return chance.of(FAULTS.flatMap((fault) => Array.from({ length: fault.weight }, () => fault)));
}
