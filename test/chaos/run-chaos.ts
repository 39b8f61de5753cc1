/** Some seconds of everything going wrong while clients call, and what must hold all the same. */
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../harness/until.ts';
import { Caller } from './caller.ts';
import { chosenFault } from './faults.ts';
import { type Footprint, footprint } from './footprint.ts';
import { Ledger } from './ledger.ts';
import { Chance } from './random.ts';
import { DEADLINE_MS, type Machine, World } from './world.ts';

export interface ChaosResult {
  readonly calls: number;
  /** What must never happen and did, in words. */
  readonly broken: readonly string[];
  readonly summary: string;
  /** What was done, in order, with its time. */
  readonly course: readonly string[];
  readonly before: Footprint;
  readonly after: Footprint;
}

const CLIENTS = 3;

export async function runChaos(seed: number, seconds: number): Promise<ChaosResult> {
  const world = await World.start();
  try {
    return await new Chaos(world, seed).run(seconds * 1000);
  } finally {
    await world.stop();
  }
}

class Chaos {
  readonly #world: World;
  /** Everything that goes on beside the others has its own, so that the seed alone says what comes next there. */
  readonly #seeds: Chance;
  readonly #ledger = new Ledger();
  readonly #course: string[] = [];
  readonly #callers = new Set<Caller>();
  readonly #startedMs = performance.now();
  #joined = 0;

  constructor(world: World, seed: number) {
    this.#world = world;
    this.#seeds = new Chance(seed);
  }

  async run(forMs: number): Promise<ChaosResult> {
    try {
      return await this.#run(forMs);
    } catch (error) {
      throw new Error(`${String(error)}\n${this.#ledger.summary()}\n${this.#course.join('\n')}`, { cause: error });
    }
  }

  async #run(forMs: number): Promise<ChaosResult> {
    // Whatever is loaded or made once is there before it is counted.
    await this.#calmCall();
    await this.#comeToRest();
    const before = footprint();
    for (let client = 0; client < CLIENTS; client += 1) this.#callers.add(this.#join());
    const endMs = performance.now() + forMs;
    await Promise.all([...this.#world.machines.map((machine) => this.#harm(machine, endMs)), this.#comeAndGo(endMs)]);
    await this.#world.heal();
    this.#note('all is healed');
    await Promise.all([...this.#callers].map((caller) => caller.finish(DEADLINE_MS)));
    await this.#calmCall();
    await Promise.all([...this.#callers].map((caller) => caller.leave()));
    this.#callers.clear();
    await this.#comeToRest();
    this.#ledger.check(this.#world.ledgers, DEADLINE_MS);
    const { broken, asked } = this.#ledger;
    const said = { calls: asked.size, broken, summary: this.#ledger.summary(), course: this.#course };
    // Ours, and no small one.
    asked.clear();
    return { ...said, before, after: footprint() };
  }

  /** One fault of a machine after the other: what one does another must not undo. */
  async #harm(machine: Machine, endMs: number): Promise<void> {
    const chance = this.#chance();
    while (performance.now() < endMs) {
      await sleep(chance.whole(50, 900));
      const fault = chosenFault(chance);
      this.#note(`${machine.name}: ${fault.name}`);
      await fault.run(this.#world, machine, chance);
    }
  }

  async #comeAndGo(endMs: number): Promise<void> {
    const chance = this.#chance();
    while (performance.now() < endMs) {
      await sleep(chance.whole(200, 1_500));
      const caller = chance.of([...this.#callers]);
      if (chance.isTrue(0.4)) {
        this.#note(`${caller.name} does not read`);
        await caller.doze(chance.whole(100, 800));
      } else {
        this.#note(`${caller.name} leaves`);
        this.#callers.delete(caller);
        this.#callers.add(this.#join());
        await caller.leave();
      }
    }
  }

  #join(): Caller {
    this.#joined += 1;
    const { gateway, servers } = this.#world;
    return new Caller(`c${this.#joined}`, gateway, { ledger: this.#ledger, chance: this.#chance(), servers });
  }

  #chance(): Chance {
    return new Chance(this.#seeds.whole(0, 2 ** 31));
  }

  /** With nothing in the way every server answers. */
  async #calmCall(): Promise<void> {
    const caller = this.#join();
    await caller.finish(DEADLINE_MS);
    for (const server of this.#world.servers)
      await until(() => caller.isAnswered(server), {
        withinMs: DEADLINE_MS,
        everyMs: 50,
        what: () => `${server} to answer; it says ${caller.lastText}`,
      });
    await caller.leave();
  }

  /** No client, no server: only the links. */
  async #comeToRest(): Promise<void> {
    const { gateway, machines } = this.#world;
    const within = { withinMs: 20_000, everyMs: 100 };
    const left = (): string[] =>
      machines.flatMap((machine) => this.#world.programs(machine).map(({ pid }) => `${machine.name} ${pid}`));
    for (const unit of gateway.units) unit.stop('rest');
    await until(() => left().length === 0, { ...within, what: () => `these servers to end: ${left().join()}` });
    // Lines that went silent stay half open at the proxy, which is in this process too.
    for (const { proxy } of machines) await proxy.cut();
    for (const { proxy } of machines) await proxy.heal();
    const isUp = ({ name, proxy }: Machine): boolean =>
      proxy.connections === 1 && gateway.link(name).state.kind === 'ready';
    await until(() => machines.every(isUp), { ...within, what: 'every link to be ready' });
  }

  #note(what: string): void {
    this.#course.push(`${((performance.now() - this.#startedMs) / 1000).toFixed(2)} ${what}`);
  }
}
