/** The tasks of several instances as one list (MCP 2025-11-25, tasks/list). */
import { memberOf, rawAt, walkElements } from '../protocol/json-scan.ts';
import type { Message } from '../protocol/message.ts';
import type { Instance } from './instance.ts';

/** The task as the client is told of it; undefined where the client is not. */
export type PublicTask = (task: Buffer, instance: Instance) => Buffer | undefined;

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
    found.push(...tasksOf(reply).flatMap((task) => publicTask(task, instance) ?? []));
    const cursor = memberOf(reply.bytes, reply.result, 'nextCursor');
    if (cursor === undefined) return found;
    params = `{"cursor":${rawAt(reply.bytes, cursor)}}`;
  }
  return found;
}

function tasksOf({ bytes, result }: Message): readonly Buffer[] {
  const list = result && memberOf(bytes, result, 'tasks');
  const found: Buffer[] = [];
  if (list !== undefined) walkElements(bytes, list.start, ({ start, end }) => found.push(bytes.subarray(start, end)));
  return found;
}
