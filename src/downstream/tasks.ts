/** Which instance runs which task (MCP 2025-11-25, tasks): learned from answers and status notifications. */
import { memberOf, textAt } from '../protocol/json-scan.ts';
import type { Message } from '../protocol/message.ts';
import type { Instance } from '../upstream/instance.ts';

/** In characters: nothing longer is kept for a server. */
const MAX_ID_LENGTH = 256;
/** Of one instance; the oldest is forgotten. */
const MAX_TASKS = 1_000;

export class Tasks {
  readonly #instances = new Map<string, Instance>();

  instanceOf(taskId: string): Instance | undefined {
    const instance = this.#instances.get(taskId);
    return instance?.isLive === true ? instance : undefined;
  }

  /** The first instance that says an id has it: no other can take a task over by naming it. */
  learn(taskId: string, instance: Instance): void {
    if (taskId.length > MAX_ID_LENGTH || this.instanceOf(taskId) !== undefined) return;
    this.#instances.set(taskId, instance);
    const own = [...this.#instances].filter(([, holder]) => holder === instance);
    const [oldest] = own;
    if (own.length > MAX_TASKS && oldest !== undefined) this.#instances.delete(oldest[0]);
  }

  /** A reply that creates a task. */
  learnFrom(reply: Message, instance: Instance): void {
    const task = reply.resultMember('task');
    const span = task && memberOf(reply.bytes, task, 'taskId');
    const taskId = span && textAt(reply.bytes, span);
    if (taskId !== undefined) this.learn(taskId, instance);
  }

  learnFromStatus(notification: Message, instance: Instance): void {
    const taskId = notification.paramText('taskId');
    if (taskId !== undefined) this.learn(taskId, instance);
  }

  /** The instance is gone, and its tasks with it. */
  forget(instance: Instance): void {
    for (const [taskId, holder] of this.#instances) if (holder === instance) this.#instances.delete(taskId);
  }
}
