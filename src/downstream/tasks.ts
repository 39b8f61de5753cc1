/** Which instance runs which task (MCP 2025-11-25, tasks): learned from answers and status notifications. */
import { memberAt, memberOf, textAt, walkElements, type Span } from '../protocol/json-scan.ts';
import type { Message } from '../protocol/message.ts';
import type { Instance } from '../upstream/instance.ts';

const MARK = Buffer.from('"taskId"');

export class Tasks {
  readonly #instances = new Map<string, Instance>();

  instanceOf(taskId: string): Instance | undefined {
    const instance = this.#instances.get(taskId);
    return instance?.isLive === true ? instance : undefined;
  }

  /** A reply that creates a task, or lists some. */
  learnFrom(reply: Message, instance: Instance): void {
    if (reply.result === undefined || !reply.bytes.includes(MARK)) return;
    this.#learn(reply.bytes, memberAt(reply.bytes, reply.result, ['task', 'taskId']), instance);
    const list = memberOf(reply.bytes, reply.result, 'tasks');
    if (list === undefined) return;
    walkElements(reply.bytes, list.start, (task) => {
      this.#learn(reply.bytes, memberOf(reply.bytes, task, 'taskId'), instance);
    });
  }

  learnFromStatus(notification: Message, instance: Instance): void {
    this.#learn(notification.bytes, notification.param('taskId'), instance);
  }

  /** The instance is gone, and its tasks with it. */
  forget(instance: Instance): void {
    for (const [taskId, holder] of this.#instances) if (holder === instance) this.#instances.delete(taskId);
  }

  #learn(bytes: Buffer, span: Span | undefined, instance: Instance): void {
    const taskId = span === undefined ? undefined : textAt(bytes, span);
    if (taskId !== undefined) this.#instances.set(taskId, instance);
  }
}
