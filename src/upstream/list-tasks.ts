/** The tasks of several instances as one list (MCP 2025-11-25, tasks/list). */
import { memberOf, rawAt, walkElements } from '../protocol/json-scan.ts';
import type { Message } from '../protocol/message.ts';
import type { Instance } from './instance.ts';

const MAX_PAGES = 1000;

/** The JSON array of all tasks, byte for byte. Instances that cannot list, or fail to, have none. */
export async function listAllTasks(instances: readonly Instance[], onPage: (reply: Message, instance: Instance) => void): Promise<Buffer> {
  const lists = await Promise.all(instances.filter(canList).map((instance) => listTasks(instance, onPage)));
  const comma = Buffer.from(',');
  const inner = lists.flat().flatMap((task, index) => (index === 0 ? [task] : [comma, task]));
  return Buffer.concat([Buffer.from('['), ...inner, Buffer.from(']')]);
}

function canList(instance: Instance): boolean {
  const tasks = instance.hello?.capabilities['tasks'];
  return typeof tasks === 'object' && tasks !== null && 'list' in tasks;
}

async function listTasks(instance: Instance, onPage: (reply: Message, instance: Instance) => void): Promise<readonly Buffer[]> {
  const found: Buffer[] = [];
  let params: string | undefined;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const reply = await instance.peer.request('tasks/list', params, { timeoutMs: instance.server.timeoutMs }).catch(() => undefined);
    if (reply?.result === undefined) return found;
    onPage(reply, instance);
    const list = memberOf(reply.bytes, reply.result, 'tasks');
    if (list !== undefined) walkElements(reply.bytes, list.start, ({ start, end }) => found.push(reply.bytes.subarray(start, end)));
    const cursor = memberOf(reply.bytes, reply.result, 'nextCursor');
    if (cursor === undefined) return found;
    params = `{"cursor":${rawAt(reply.bytes, cursor)}}`;
  }
  return found;
}
