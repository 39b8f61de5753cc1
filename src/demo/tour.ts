/** The tour: the real gateway over three real SSH hosts. One of them loses its power for a while. */

import { orAbort } from '../base/abort.ts';
import { type Clock, sleep } from '../base/clock.ts';
import { counted } from '../base/counted.ts';
import { AnywhereError, asAnywhereError } from '../base/errors.ts';
import type { TourEvent } from '../model/tour.ts';
import { type Answer, connectClient, type DemoClient } from './client.ts';
import { createWorld, MACHINE_NAMES, SERVER_NAMES, sampleFile, type World } from './world.ts';

export interface TourOptions {
  /** The path of bin.js, which the tour starts as `serve`, as an AI client does. */
  readonly program: string;
  /** The folder of host.js and the demo's servers. */
  readonly programs: string;
  readonly clock: Clock;
  readonly emit: (event: TourEvent) => void;
  /** The pause between chapters, ms: time to read. */
  readonly pauseMs: number;
  readonly signal: AbortSignal;
  /** Called after the tour, while the machines are still up. */
  readonly afterwards: (place: Pick<World, 'hostsFile' | 'home' | 'env'>) => Promise<void>;
}

/** The time for all servers to offer their tools, ms. */
const START_MS = 30_000;
/** The time for a returned machine to answer, ms. */
const RETURN_MS = 15_000;

/** Runs the whole tour. Leaves nothing behind, however the tour ends. */
export async function runTour(options: TourOptions): Promise<void> {
  options.emit({ type: 'chapter', title: 'Three machines, one hosts file' });
  for (const host of MACHINE_NAMES)
    options.emit({ type: 'host', host, state: 'starting', reason: 'its SSH server starts' });
  const world = await createWorld(options.programs);
  const tour = tourOf(world, options);
  try {
    await orAbort(tour, options.signal);
    await options.afterwards(world);
  } finally {
    // The gateway writes to the folder until its end.
    await tour.catch(() => undefined);
    await world.close();
  }
}

async function tourOf(world: World, options: TourOptions): Promise<void> {
  const { program, emit } = options;
  emit({ type: 'remark', text: 'mcp-anywhere serve reads the hosts file and connects over SSH' });
  const client = await connectClient({ program, hostsFile: world.hostsFile, env: world.env, cwd: world.folder });
  const guide = new Guide(world, client, options);
  const closing = (): void => {
    client.close().catch(() => undefined);
  };
  options.signal.addEventListener('abort', closing, { once: true });
  try {
    options.signal.throwIfAborted();
    await guide.show();
  } catch (error) {
    const failure = asAnywhereError(error);
    throw new AnywhereError(failure.code, failure.message, {
      evidence: [...failure.evidence, ...client.lastErrors()],
      cause: error,
    });
  } finally {
    options.signal.removeEventListener('abort', closing);
    await client.close();
  }
}

class Guide {
  readonly #world: World;
  readonly #client: DemoClient;
  readonly #options: TourOptions;

  constructor(world: World, client: DemoClient, options: TourOptions) {
    this.#world = world;
    this.#client = client;
    this.#options = options;
  }

  async show(): Promise<void> {
    await this.#hostsComeUp();
    await this.#chapter('Every machine answers, through one MCP server');
    for (const host of MACHINE_NAMES) await this.#ask(host, 'system__system_facts', {});
    await this.#ask('harbor', 'files__read_file', { path: sampleFile('harbor') });
    await this.#ask('summit', 'notes__add_note', { note: 'written through MCP-Anywhere' });
    await this.#powerCut('meadow');
    await this.#return('meadow');
    this.#emit({ type: 'finished', next: NEXT_STEPS });
  }

  async #hostsComeUp(): Promise<void> {
    const { clock } = this.#options;
    const until = clock.monotonic() + START_MS;
    const up = new Set<string>();
    for (;;) {
      const changed = new Promise<void>((resolve) => {
        this.#client.onToolsChanged(resolve);
      });
      this.#showTools(groupByHost(await this.#client.tools()), up);
      if (up.size === MACHINE_NAMES.length) return;
      if (clock.monotonic() > until) throw new AnywhereError('HOST_TIMEOUT', 'Not all machines of the demo came up.');
      await Promise.race([changed, this.#sleep(500)]);
    }
  }

  #showTools(perHost: ReadonlyMap<string, readonly string[]>, up: Set<string>): void {
    const total = [...perHost.values()].flat().length;
    this.#emit({ type: 'tools', perHost, total });
    for (const [host, tools] of perHost) {
      if (up.has(host) || !SERVER_NAMES.every((server) => tools.some((tool) => tool.startsWith(`${server}__`))))
        continue;
      up.add(host);
      this.#emit({ type: 'host', host, state: 'up', reason: SERVER_NAMES.join(', ') });
    }
  }

  async #powerCut(host: string): Promise<void> {
    await this.#chapter(`${host} loses its power`);
    await this.#machine(host).stop();
    this.#emit({ type: 'host', host, state: 'down', reason: 'killed' });
    const answer = await this.#ask(host, 'system__system_facts', {});
    if (!answer.isError) throw new AnywhereError('INTERNAL', 'A machine that is down answered.', { host });
    for (const other of MACHINE_NAMES) if (other !== host) await this.#ask(other, 'files__list_files', {});
    const perHost = groupByHost(await this.#client.tools());
    this.#emit({ type: 'tools', perHost, total: [...perHost.values()].flat().length });
    const listed = perHost.get(host)?.length ?? 0;
    this.#emit({
      type: 'remark',
      text: `its ${counted(listed, 'tool')} stay listed, so the AI client does not lose them`,
    });
  }

  async #return(host: string): Promise<void> {
    await this.#chapter(`${host} comes back`);
    this.#emit({ type: 'host', host, state: 'returning', reason: 'its SSH server starts' });
    await this.#machine(host).start();
    await this.#answersAgain(host);
    this.#emit({ type: 'host', host, state: 'up', reason: 'connected again automatically' });
    await this.#ask(host, 'files__read_file', { path: sampleFile(host) });
  }

  async #answersAgain(host: string): Promise<void> {
    const { clock } = this.#options;
    const until = clock.monotonic() + RETURN_MS;
    for (;;) {
      const answer = await this.#client.call(`${host}__system__system_facts`, {});
      if (!answer.isError) return;
      if (clock.monotonic() > until) {
        throw new AnywhereError('HOST_TIMEOUT', 'The machine is back but does not answer.', {
          host,
          evidence: [answer.text],
        });
      }
      await this.#sleep(250);
    }
  }

  async #ask(host: string, tool: string, args: Record<string, unknown>): Promise<Answer> {
    const name = `${host}__${tool}`;
    this.#emit({ type: 'asked', host, tool: name, args: Object.keys(args).length === 0 ? '' : JSON.stringify(args) });
    const answer = await this.#client.call(name, args);
    this.#emit({ type: 'answered', host, tool: name, ...answer });
    await this.#sleep(this.#options.pauseMs / 4);
    return answer;
  }

  async #chapter(title: string): Promise<void> {
    await this.#sleep(this.#options.pauseMs);
    this.#emit({ type: 'chapter', title });
  }

  #machine(host: string): World['hosts'][number] {
    const machine = this.#world.hosts.find(({ name }) => name === host);
    if (machine === undefined) throw new AnywhereError('INTERNAL', 'The demo has no such machine.', { host });
    return machine;
  }

  #emit(event: TourEvent): void {
    this.#options.emit(event);
  }

  #sleep(delayMs: number): Promise<void> {
    return sleep(this.#options.clock, delayMs, this.#options.signal);
  }
}

const NEXT_STEPS = [
  'mcp-anywhere                 the first steps with your own machines',
  'mcp-anywhere doctor          checks every machine and server',
  'mcp-anywhere --help          all commands',
];

/** The tools of each host, without the name of the host. */
function groupByHost(names: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const perHost = new Map<string, string[]>(MACHINE_NAMES.map((host) => [host, []]));
  for (const name of names) {
    const cut = name.indexOf('__');
    perHost.get(name.slice(0, cut))?.push(name.slice(cut + 2));
  }
  return perHost;
}
