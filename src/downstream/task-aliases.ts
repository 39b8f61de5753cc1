/** The tasks that one side runs (MCP 2025-11-25), and the ids of ours under which the other side knows each. */
import { randomBytes } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import type { Instance } from '../upstream/instance.ts';

/** In characters: no longer id is kept. */
const MAX_ID_LENGTH = 256;
/** Of one instance; the oldest is forgotten. */
const MAX_TASKS = 1_000;
const ALIAS_BYTES = 12;

export interface Task {
  /** The instance that runs the task, or that asked the client for it. */
  readonly instance: Instance;
  /** As the side that runs the task wrote it. */
  readonly id: string;
  readonly alias: string;
}

/** A task may be deleted when its ttl is over (monotonic, ms). */
interface KeptTask extends Task {
  endMs: number;
}

export class TaskAliases {
  readonly #clock: Clock;
  readonly #byAlias = new Map<string, KeptTask>();
  /** Ids of different instances may be equal. */
  readonly #byId = new Map<Instance, Map<string, KeptTask>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get isEmpty(): boolean {
    return this.#byAlias.size === 0;
  }

  /** The task that the other side means. */
  named(alias: string | undefined): Task | undefined {
    const task = alias === undefined ? undefined : this.#byAlias.get(alias);
    return task !== undefined && task.instance.isLive && !this.#isOver(task) ? task : undefined;
  }

  of(instance: Instance, id: string): Task | undefined {
    const task = this.#byId.get(instance)?.get(id);
    return task === undefined || this.#isOver(task) ? undefined : task;
  }

  /** All tasks with this id, whichever instance each belongs to. */
  withId(id: string): readonly Task[] {
    return [...this.#byId.keys()].flatMap((instance) => this.of(instance, id) ?? []);
  }

  /**
   * The task with this id, known from now on. Undefined where the id is too long, or the instance is gone.
   * @param ttl as the task names it, ms or null; undefined where nothing was said
   */
  learn(instance: Instance, id: string, ttl?: unknown): Task | undefined {
    if (id.length > MAX_ID_LENGTH || !instance.isLive) return undefined;
    const known = this.of(instance, id);
    const task = known === undefined ? this.#add(instance, id) : this.#byAlias.get(known.alias);
    if (task !== undefined && ttl !== undefined)
      task.endMs = typeof ttl === 'number' ? this.#clock.monotonic() + ttl : Number.POSITIVE_INFINITY;
    return task;
  }

  /** The instance is gone, and its tasks with it. */
  forget(instance: Instance): void {
    for (const task of this.#byId.get(instance)?.values() ?? []) this.#byAlias.delete(task.alias);
    this.#byId.delete(instance);
  }

  #add(instance: Instance, id: string): KeptTask {
    const own = this.#byId.get(instance) ?? new Map<string, KeptTask>();
    this.#byId.set(instance, own);
    this.#drop(own.get(id));
    if (own.size >= MAX_TASKS) this.#makeRoom(own);
    const alias = randomBytes(ALIAS_BYTES).toString('base64url');
    const task = { instance, id, alias, endMs: Number.POSITIVE_INFINITY };
    own.set(id, task);
    this.#byAlias.set(alias, task);
    return task;
  }

  #makeRoom(own: ReadonlyMap<string, KeptTask>): void {
    for (const task of [...own.values()]) if (this.#isOver(task)) this.#drop(task);
    if (own.size >= MAX_TASKS) this.#drop([...own.values()][0]);
  }

  #drop(task: KeptTask | undefined): void {
    if (task === undefined) return;
    this.#byAlias.delete(task.alias);
    this.#byId.get(task.instance)?.delete(task.id);
  }

  #isOver({ endMs }: KeptTask): boolean {
    return endMs <= this.#clock.monotonic();
  }
}
