/**
 * Task ids in the messages between one client and its servers (MCP 2025-11-25). An id belongs to the instance it came from
 * or went to: the side that did not make the id sees an alias of ours, so that no server can speak of another's task.
 */
import type { Clock } from '../base/clock.ts';
import { AnywhereError } from '../base/errors.ts';
import { memberAt, memberOf, rawAt, type Span, textAt, valueAt, walkElements } from '../protocol/json-scan.ts';
import type { Message } from '../protocol/message.ts';
import type { Edit } from '../protocol/splice.ts';
import type { Instance } from '../upstream/instance.ts';
import { type Task, TaskAliases } from './task-aliases.ts';

const RELATED = 'io.modelcontextprotocol/related-task';
const RELATED_MARK = Buffer.from('related-task"');
const NO_EDITS: readonly Edit[] = [];

export class Tasks {
  readonly ofServers: TaskAliases;
  /** By the instance that asked the client for each. */
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
  /** Tasks of the side that sends. */
  readonly #own: TaskAliases;
  /** Tasks of the side that receives. */
  readonly #others: TaskAliases;

  constructor(own: TaskAliases, others: TaskAliases) {
    this.#own = own;
    this.#others = others;
  }

  /** For a request or notification that has to do with a task. */
  paramEdits(instance: Instance, message: Message): readonly Edit[] {
    const span = relatedSpan(message);
    const id = span && message.text(span);
    return span === undefined || id === undefined ? NO_EDITS : [{ span, text: this.#related(instance, id) }];
  }

  /** For `notifications/tasks/status`; undefined where the task cannot be told of. */
  statusEdits(instance: Instance, status: Message): readonly Edit[] | undefined {
    const span = status.param('taskId');
    const id = span && status.text(span);
    const ttl = status.param('ttl');
    const task = id === undefined ? undefined : this.#own.learn(instance, id, ttl && valueAt(status.bytes, ttl));
    if (span === undefined || task === undefined) return undefined;
    return [{ span, text: JSON.stringify(task.alias) }, ...this.paramEdits(instance, status)];
  }

  /** @throws AnywhereError SERVER_PROTOCOL where the reply makes a task whose id cannot be kept */
  replyEdits(instance: Instance, method: string, reply: Message): readonly Edit[] {
    const isTask = method === 'tasks/get' || method === 'tasks/cancel';
    const made =
      isTask || reply.resultMember('task') !== undefined ? this.#madeEdits(instance, reply, isTask) : NO_EDITS;
    if ((this.#own.isEmpty && this.#others.isEmpty) || !reply.mayHaveKey(RELATED_MARK)) return made;
    const related = reply.resultEdits(
      (bytes, result) => [memberAt(bytes, result, ['_meta', RELATED, 'taskId'])],
      (id) => this.#related(instance, id),
    );
    return [...made, ...related];
  }

  /** For the reply to `tasks/list`: the array holds no task but those that the receiver asked for. */
  listEdits(instance: Instance, reply: Message): readonly Edit[] {
    const span = reply.resultMember('tasks');
    if (span === undefined) return NO_EDITS;
    const found = tasksIn(reply.bytes, span).flatMap((task) => this.listed(instance, task, false) ?? []);
    return [{ span, text: `[${found.map(String).join(',')}]` }];
  }

  /**
   * One task of a list under its alias; undefined where the receiver is not to be told of the task.
   * @param learns a task that was never heard of before is told of too
   */
  listed(instance: Instance, task: Buffer, learns: boolean): Buffer | undefined {
    const whole = { start: 0, end: task.length };
    const span = memberOf(task, whole, 'taskId');
    const id = span && textAt(task, span);
    if (span === undefined || id === undefined) return undefined;
    const known = learns ? this.#own.learn(instance, id, ttlIn(task, whole)) : this.#own.of(instance, id);
    if (known === undefined) return undefined;
    const alias = Buffer.from(JSON.stringify(known.alias));
    return Buffer.concat([task.subarray(0, span.start), alias, task.subarray(span.end)]);
  }

  /** `result.task` of a request that became a task, or the task that `result` is. */
  #madeEdits(instance: Instance, reply: Message, isTask: boolean): readonly Edit[] {
    const path = isTask ? [] : ['task'];
    let ttl: unknown;
    return reply.resultEdits(
      (bytes, result) => {
        const task = memberAt(bytes, result, path);
        ttl = task && ttlIn(bytes, task);
        return [task && memberOf(bytes, task, 'taskId')];
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
  const related = message.param('_meta', RELATED);
  return related && memberOf(message.bytes, related, 'taskId');
}

/** The task that a message has to do with, as its sender names the task. */
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

/** The task as the client is told of it; undefined where the client is not. */
type PublicTask = (task: Buffer, instance: Instance) => Buffer | undefined;

/** The JSON array of all tasks. Instances that cannot list, or fail to, have none. */
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

async function listTasks(instance: Instance, publicTask: PublicTask): Promise<readonly Buffer[]> {
  const found: Buffer[] = [];
  let params: string | undefined;
  let bytes = 0;
  for (let page = 0; page < instance.limits.listingPages && bytes <= instance.limits.listingBytes; page += 1) {
    const reply = await instance.peer
      .request('tasks/list', params, { timeoutMs: instance.server.timeoutMs })
      .catch(() => undefined);
    if (reply?.result === undefined) return found;
    bytes += reply.bytes.length;
    const tasks = tasksIn(reply.bytes, memberOf(reply.bytes, reply.result, 'tasks'));
    found.push(...tasks.flatMap((task) => publicTask(task, instance) ?? []));
    const cursor = memberOf(reply.bytes, reply.result, 'nextCursor');
    if (cursor === undefined) return found;
    params = `{"cursor":${rawAt(reply.bytes, cursor)}}`;
  }
  return found;
}
