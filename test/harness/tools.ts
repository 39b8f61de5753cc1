/** What acceptance tests do all the time: list, call, read the text of a result. */
import type { Message, RawClient } from './raw-client.ts';
import { until } from './until.ts';

export interface Tool {
  readonly name: string;
  readonly [more: string]: unknown;
}

export interface Result {
  readonly content: readonly { readonly type: string; readonly text?: string }[];
  readonly isError?: boolean;
  readonly structuredContent?: unknown;
}

/** All pages. */
export async function listTools(client: RawClient): Promise<Tool[]> {
  const all: Tool[] = [];
  for (let cursor: unknown; ; ) {
    const page = await client.request('tools/list', cursor === undefined ? {} : { cursor });
    all.push(...(page['tools'] as Tool[]));
    cursor = page['nextCursor'];
    if (cursor === undefined) return all;
  }
}

export async function toolNames(client: RawClient): Promise<string[]> {
  return (await listTools(client)).map((tool) => tool.name);
}

/** Lists again until every name is there. */
export async function offers(client: RawClient, names: readonly string[], withinMs = 20_000): Promise<string[]> {
  let seen: string[] = [];
  await until(
    async () => {
      seen = await toolNames(client);
      return names.every((name) => seen.includes(name));
    },
    {
      withinMs,
      everyMs: 100,
      what: () => `the tools ${names.join(', ')}; listed ${seen.join(', ')}\nstderr: ${client.stderr.slice(-3000)}`,
    },
  );
  return seen;
}

export async function call(client: RawClient, name: string, args: object = {}, withinMs?: number): Promise<Result> {
  return (await client.request('tools/call', { name, arguments: args }, withinMs)) as unknown as Result;
}

/** The text of a result; fails on `isError`. */
export async function callText(client: RawClient, name: string, args: object = {}): Promise<string> {
  const result = await call(client, name, args);
  if (result.isError === true) throw new Error(`${name}: ${textOf(result)}`);
  return textOf(result);
}

export function textOf(result: Result): string {
  return result.content.map((one) => one.text ?? '').join('');
}

export function listChanged(client: RawClient): Message[] {
  return client.notifications('notifications/tools/list_changed');
}
