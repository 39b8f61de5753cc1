/**
 * Task ids in the messages between one client and its servers (MCP 2025-11-25). The side that did not create a task gets
 * an alias of ours as the task's id, so that a server cannot name the task of another server.
 */

import { randomBytes } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import { AnywhereError } from '../base/errors.ts';
import { memberOf, type Span, textAt, valueAt, walkElements } from '../protocol/json-scan.ts';
import { clearMember, MemberIndex } from '../protocol/member-index.ts';
import { type Message, RELATED_TASK } from '../protocol/message.ts';
import type { Edit } from '../protocol/splice.ts';
import type { Instance } from '../upstream/instance.ts';
import { cursorOf } from '../upstream/list.ts';

const RELATED_MARKS = [Buffer.from('related-task"')];
const NO_EDITS: readonly Edit[] = [];

export class Tasks {
  readonly ofServers: TaskAliases;
  /** Tasks that the client runs. */
  readonly ofClient: TaskAliases;
  readonly toClient: TaskWay;
  readonly toServer: TaskWay;

  constructor(clock: Clock) {
    this.ofServers = new TaskAliases(clock);
    this.ofClient = new TaskAliases(clock);
    this.toClient = new TaskWay(this.ofServers, this.ofClient);
    this.toServer = new TaskWay(this.ofClient, this.ofServers);
  }

  forget(instance: Instance): void {
    this.ofServers.forget(instance);
    this.ofClient.forget(instance);
  }
}

/** One direction. */
class TaskWay {
  /** Tasks of the sending side. */
  readonly #own: TaskAliases;
  /** Tasks of the receiving side. */
  readonly #others: TaskAliases;

  constructor(own: TaskAliases, others: TaskAliases) {
    this.#own = own;
    this.#others = others;
  }

  /** For a request or notification that is related to a task. */
  paramEdits(instance: Instance, message: Message): readonly Edit[] {
    const span = relatedSpan(message);
    const id = span && message.text(span);
    return span === undefined || id === undefined ? NO_EDITS : [{ span, text: this.#related(instance, id) }];
  }

  /** For `notifications/tasks/status`; undefined for an unknown task. */
  statusEdits(instance: Instance, status: Message): readonly Edit[] | undefined {
    const span = status.param('taskId');
    const id = span && status.text(span);
    const ttl = status.param('ttl');
    const task = id === undefined ? undefined : this.#own.learn(instance, id, ttl && valueAt(status.bytes, ttl));
    if (span === undefined || task === undefined) return undefined;
    return [{ span, text: JSON.stringify(task.alias) }, ...this.paramEdits(instance, status)];
  }

  /** @throws AnywhereError SERVER_PROTOCOL where the id of a task is too long, or readers could find two ids */
  replyEdits(instance: Instance, method: string, reply: Message): readonly Edit[] {
    const isTask = method === 'tasks/get' || method === 'tasks/cancel';
    const made = isTask || reply.mayHaveResult('task') ? this.#madeEdits(instance, reply, isTask) : NO_EDITS;
    if ((this.#own.isEmpty && this.#others.isEmpty) || !reply.mayHaveKey(RELATED_MARKS)) return made;
    const related = reply.resultEdits(
      (bytes, result) => [
        ['_meta', RELATED_TASK, 'taskId'].reduce<Span | undefined>((at, key) => clearMember(bytes, at, key), result),
      ],
      (id) => this.#related(instance, id),
    );
    return [...made, ...related];
  }

  /** For the reply to `tasks/list`: leaves only the tasks that the receiver asked for. */
  listEdits(instance: Instance, reply: Message): readonly Edit[] {
    const span = reply.resultMember('tasks');
    if (span === undefined) return NO_EDITS;
    const found = tasksIn(reply.bytes, span).flatMap((task) => this.listed(instance, task, false) ?? []);
    return [{ span, text: `[${found.map(String).join(',')}]` }];
  }

  /**
   * One task of a list under its alias; undefined for a task of somebody else.
   * @param learns a new task is taken as the receiver's
   */
  listed(instance: Instance, task: Buffer, learns: boolean): Buffer | undefined {
    const whole = { start: 0, end: task.length };
    const members = MemberIndex.of(task, whole);
    const span = members.isUnclear('taskId') ? undefined : members.find('taskId');
    const id = span && textAt(task, span);
    if (span === undefined || id === undefined) return undefined;
    const known = learns ? this.#own.learn(instance, id, ttlIn(task, whole)) : this.#own.of(instance, id);
    if (known === undefined) return undefined;
    const alias = Buffer.from(JSON.stringify(known.alias));
    return Buffer.concat([task.subarray(0, span.start), alias, task.subarray(span.end)]);
  }

  /** For `result.task` of a request that became a task, or for a `result` that is a task. */
  #madeEdits(instance: Instance, reply: Message, isTask: boolean): readonly Edit[] {
    let ttl: unknown;
    return reply.resultEdits(
      (bytes, result) => {
        const task = isTask ? result : clearMember(bytes, result, 'task');
        ttl = task && ttlIn(bytes, task);
        return [clearMember(bytes, task, 'taskId')];
      },
      (id) => JSON.stringify(kept(this.#own.learn(instance, id, ttl)).alias),
    );
  }

  /** As JSON text. */
  #related(instance: Instance, id: string): string {
    const meant = this.#others.named(id);
    if (meant?.instance === instance) return JSON.stringify(meant.id);
    return JSON.stringify(this.#own.learn(instance, id)?.alias ?? id);
  }
}

function relatedSpan(message: Message): Span | undefined {
  const related = message.param('_meta', RELATED_TASK);
  return related && memberOf(message.bytes, related, 'taskId');
}

/** The id of the task that a message is related to, as its sender wrote it. */
export function relatedTask(message: Message): string | undefined {
  const span = relatedSpan(message);
  return span && message.text(span);
}

function ttlIn(bytes: Buffer, task: Span): unknown {
  const span = memberOf(bytes, task, 'ttl');
  return span && valueAt(bytes, span);
}

function tasksIn(bytes: Buffer, list: Span | undefined): readonly Buffer[] {
  const found: Buffer[] = [];
  if (list !== undefined) walkElements(bytes, list.start, ({ start, end }) => found.push(bytes.subarray(start, end)));
  return found;
}

function kept(task: Task | undefined): Task {
  if (task !== undefined) return task;
  throw new AnywhereError('SERVER_PROTOCOL', 'the answer names a task whose id has more than 256 characters');
}

/** The task under the client's alias; undefined for a task of another client. */
type PublicTask = (task: Buffer, instance: Instance) => Buffer | undefined;

/** The JSON array of all tasks. An instance that cannot list tasks, or fails, adds none. */
export async function listAllTasks(instances: readonly Instance[], publicTask: PublicTask): Promise<Buffer> {
  const lists = await Promise.all(instances.filter(canList).map((instance) => listTasks(instance, publicTask)));
  const comma = Buffer.from(',');
  const inner = lists.flat().flatMap((task, index) => (index === 0 ? [task] : [comma, task]));
  return Buffer.concat([Buffer.from('['), ...inner, Buffer.from(']')]);
}

function canList(instance: Instance): boolean {
  const tasks = instance.hello?.capabilities['tasks'];
  return typeof tasks === 'object' && tasks !== null && 'list' in tasks;
}

/** A server that does not answer must not hold up the tasks of the others for longer. */
const LONGEST_LIST_MS = 5_000;

async function listTasks(instance: Instance, publicTask: PublicTask): Promise<readonly Buffer[]> {
  const found: Buffer[] = [];
  let params: string | undefined;
  let bytes = 0;
  for (let page = 0; page < instance.limits.listingPages && bytes <= instance.limits.listingBytes; page += 1) {
    const reply = await instance.peer
      .request('tasks/list', params, { timeoutMs: Math.min(instance.server.timeoutMs, LONGEST_LIST_MS) })
      .catch(() => undefined);
    if (reply?.result === undefined) return found;
    bytes += reply.bytes.length;
    const tasks = tasksIn(reply.bytes, memberOf(reply.bytes, reply.result, 'tasks'));
    found.push(...tasks.flatMap((task) => publicTask(task, instance) ?? []));
    const cursor = cursorOf(reply);
    const next = `{"cursor":${cursor}}`;
    if (cursor === undefined || next === params) return found;
    params = next;
  }
  return found;
}

/** In characters. */
const MAX_ID_LENGTH = 256;
/** Per instance; the oldest task is dropped. */
const MAX_TASKS = 1_000;
const ALIAS_BYTES = 12;

export interface Task {
  /** The instance that runs the task, or asked the client for the task. */
  readonly instance: Instance;
  /** The id that the running side gave. */
  readonly id: string;
  readonly alias: string;
}

/** `endMs`: when the task's ttl is over (monotonic). */
interface KeptTask extends Task {
  endMs: number;
}

export class TaskAliases {
  readonly #clock: Clock;
  readonly #byAlias = new Map<string, KeptTask>();
  /** By instance: ids of different instances may be equal. */
  readonly #byId = new Map<Instance, Map<string, KeptTask>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get isEmpty(): boolean {
    return this.#byAlias.size === 0;
  }

  /** The task with this alias. */
  named(alias: string | undefined): Task | undefined {
    const task = alias === undefined ? undefined : this.#byAlias.get(alias);
    return task !== undefined && task.instance.isLive && !this.#isOver(task) ? task : undefined;
  }

  of(instance: Instance, id: string): Task | undefined {
    const task = this.#byId.get(instance)?.get(id);
    return task === undefined || this.#isOver(task) ? undefined : task;
  }

  /** The tasks of all instances with this id. */
  withId(id: string): readonly Task[] {
    return [...this.#byId.keys()].flatMap((instance) => this.of(instance, id) ?? []);
  }

  /**
   * The task with this id, added where it is new. Undefined where the id is too long, or the instance has ended.
   * @param ttl of the task, ms or null; undefined where the message had none
   */
  learn(instance: Instance, id: string, ttl?: unknown): Task | undefined {
    if (id.length > MAX_ID_LENGTH || !instance.isLive) return undefined;
    const known = this.of(instance, id);
    const task = known === undefined ? this.#add(instance, id) : this.#byAlias.get(known.alias);
    if (task !== undefined && ttl !== undefined)
      task.endMs = typeof ttl === 'number' ? this.#clock.monotonic() + ttl : Number.POSITIVE_INFINITY;
    return task;
  }

  /** The instance has ended, and its tasks with it. */
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
