/** Some seconds of everything going wrong while clients call, and what must hold all the same. */
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../harness/until.ts';
import { Caller } from './caller.ts';
import { atRest, fewConnections, nothingLeft, serversEnded, type World } from './calm.ts';
import { DaemonProgram } from './daemon-program.ts';
import { chosenFault, FAULTS } from './faults.ts';
import { GatewayProgram } from './gateway-program.ts';
import { DEADLINE_MS, HostsBook } from './hosts-book.ts';
import { Ledger } from './ledger.ts';
import { ledgersOf, type Machine, rekeysOf, startMachines, stopMachines } from './machines.ts';
import type { Held, Way } from './program.ts';
import { Chance } from './random.ts';
import { told } from './told.ts';

export interface ChaosResult {
  readonly calls: number;
  /** What must never happen and did, in words. */
  readonly broken: readonly string[];
  readonly summary: string;
  /** What was done, in order, with its time. */
  readonly course: readonly string[];
  readonly before: Held;
  readonly after: Held;
}

const CLIENTS = 3;

export async function runChaos(way: Way, seed: number, seconds: number): Promise<ChaosResult> {
  const machines = await startMachines();
  try {
    const book = new HostsBook(machines, seed);
    const program = way === 'daemon' ? new DaemonProgram(book.path) : await GatewayProgram.start(book.path);
    return await new Chaos({ machines, book, program }, seed).run(seconds * 1000);
  } finally {
    await stopMachines(machines);
  }
}

class Chaos {
  readonly #world: World;
  /** Everything that goes on beside the others has its own, so that the seed alone says what comes next there. */
  readonly #seeds: Chance;
  readonly #ledger = new Ledger();
  readonly #course: string[] = [];
  readonly #done = new Map<string, number>();
  readonly #callers = new Set<Caller>();
  readonly #startedMs = performance.now();
  readonly #over = new AbortController();
  #joined = 0;

  constructor(world: World, seed: number) {
    this.#world = world;
    this.#seeds = new Chance(seed);
  }

  async run(forMs: number): Promise<ChaosResult> {
    try {
      return await this.#run(forMs);
    } catch (error) {
      const { broken } = this.#ledger;
      const told = [String(error), ...broken, this.#summary(), ...this.#course].join('\n');
      await this.#world.program.stop().catch(() => []);
      throw new Error(told, { cause: error });
    }
  }

  async #run(forMs: number): Promise<ChaosResult> {
    // Whatever is loaded or made once is there before it is counted.
    await this.#calmCall();
    const before = await atRest(this.#world);
    this.#note('it begins');
    for (let client = 0; client < CLIENTS; client += 1) this.#callers.add(this.#join());
    await this.#harmAll(forMs);
    this.#world.book.heal();
    for (const { proxy } of this.#world.machines) await proxy.heal();
    this.#note('all is healed');
    await Promise.all([...this.#callers].map((caller) => caller.finish(DEADLINE_MS)));
    await Promise.all([...this.#callers].map((caller) => caller.leave()));
    this.#note('every client has gone');
    await serversEnded(this.#world.machines);
    await this.#calmCall();
    const after = await atRest(this.#world);
    this.#note('all is at rest');
    this.#ledger.broken.push(...(await nothingLeft(this.#world)));
    this.#note('all is over');
    this.#ledger.check(this.#world.machines.flatMap(ledgersOf), DEADLINE_MS);
    if (!this.#world.machines.some((machine) => rekeysOf(machine) > 0))
      this.#ledger.broken.push('no machine agreed on new keys in the middle of a connection');
    const { broken, calls } = this.#ledger;
    return { calls, broken, summary: this.#summary(), course: this.#course, before, after };
  }

  async #harmAll(forMs: number): Promise<void> {
    const { machines } = this.#world;
    const timer = setTimeout(() => this.#over.abort(), forMs);
    await Promise.all([
      ...machines.map((machine) => this.#harmMachine(machine)),
      this.#harmProgram(),
      this.#comeAndGo(),
    ]);
    clearTimeout(timer);
  }

  get #isOver(): boolean {
    return this.#over.signal.aborted;
  }

  /** Lets so much time pass, or less when it is over. */
  readonly #pass = (ms: number): Promise<void> =>
    sleep(ms, undefined, { signal: this.#over.signal }).catch(() => undefined);

  /** One fault of a machine after the other: what one does another must not undo. */
  async #harmMachine(machine: Machine): Promise<void> {
    const chance = this.#chance();
    for (;;) {
      await this.#pass(chance.whole(50, 1_300));
      if (this.#isOver) return;
      const fault = chosenFault(FAULTS, chance);
      this.#fault(fault.name, machine.name);
      await fault.run({ machine, book: this.#world.book, chance, pass: this.#pass });
    }
  }

  async #harmProgram(): Promise<void> {
    const chance = this.#chance();
    const { faults } = this.#world.program;
    while (faults.length > 0) {
      await this.#pass(chance.whole(300, 3_000));
      if (this.#isOver) return;
      const fault = chosenFault(faults, chance);
      this.#fault(fault.name);
      await fault.run(chance, this.#pass);
    }
  }

  async #comeAndGo(): Promise<void> {
    const chance = this.#chance();
    for (;;) {
      await this.#pass(chance.whole(200, 1_500));
      if (this.#isOver) return;
      for (const caller of [...this.#callers].filter(({ isOver }) => isOver)) await this.#replace(caller, 'is over');
      const caller = chance.of([...this.#callers]);
      const what = chance.of(['dozes', 'dozes', 'leaves', 'leaves', 'is killed'] as const);
      if (what !== 'dozes') await this.#replace(caller, what);
      else {
        this.#fault('a client does not read', caller.name);
        await caller.doze(chance.whole(100, 800));
      }
    }
  }

  async #replace(caller: Caller, what: 'leaves' | 'is killed' | 'is over'): Promise<void> {
    this.#fault(`a client ${what}`, caller.name);
    this.#callers.delete(caller);
    this.#callers.add(this.#join());
    await (what === 'is killed' ? caller.die() : caller.leave());
  }

  #join(): Caller {
    this.#joined += 1;
    const name = `c${this.#joined}`;
    const { program, book } = this.#world;
    const [chance, spoils] = [this.#chance(), book.isSpoiled ? book.spoils - 1 : book.spoils];
    return new Caller(name, {
      ...{ ledger: this.#ledger, chance, targets: book.targets },
      speak: (events) => program.speak(name, chance, events),
      // A shim that finds no daemon, and no hosts file for one, says so and ends.
      mayEnd: () => book.spoils > spoils,
    });
  }

  #chance(): Chance {
    return new Chance(this.#seeds.whole(0, 2 ** 31));
  }

  /** With nothing in the way every server answers, on as few connections as that needs. */
  async #calmCall(): Promise<void> {
    const caller = this.#join();
    await caller.finish(DEADLINE_MS);
    for (const target of this.#world.book.everyServer)
      await until(() => caller.isAnswered(target), {
        withinMs: DEADLINE_MS,
        everyMs: 50,
        what: () => `${target.prefix} ${target.host ?? ''} to answer; it says ${caller.lastText}`,
      });
    for (const machine of this.#world.machines) await fewConnections(machine, this.#world.book, caller);
    await caller.leave();
  }

  #summary(): string {
    const faults = [...this.#done.values()].reduce((sum, count) => sum + count, 0);
    return `${faults} faults: ${told(this.#done)}\n${this.#ledger.summary()}`;
  }

  #fault(what: string, whose = ''): void {
    this.#done.set(what, (this.#done.get(what) ?? 0) + 1);
    this.#note(`${what} ${whose}`);
  }

  #note(what: string): void {
    this.#course.push(`${((performance.now() - this.#startedMs) / 1000).toFixed(2)} ${what}`);
  }
}
