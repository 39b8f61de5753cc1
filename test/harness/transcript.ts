/**
 * What one MCP session said, step by step, in a form in which two sessions can be held against each other: ids,
 * times and random values are replaced, and `aliased` puts names and URIs as the gateway must write them.
 */
import type { Message, RawClient } from './raw-client.ts';

/** The texts of a step by what they are: replies in the order of their requests, all else by method. */
export type Step = Readonly<Record<string, readonly string[]>>;
export type Transcript = Readonly<Record<string, Step>>;

export interface Aliases {
  readonly name: (original: string) => string;
  readonly uri: (original: string) => string;
}

/** The server speaks for itself. */
export const AS_IT_IS: Aliases = { name: (text) => text, uri: (text) => text };

/** DESIGN.md, outside contract: names and URIs with more than one server in the hosts file. */
export function aliasesOf(host: string, server: string): Aliases {
  return { name: (text) => `${host}__${server}__${text}`, uri: (text) => `mcpa://${host}/${server}/${text}` };
}

/** One session, asked in one server's name. */
export class Asker {
  readonly client: RawClient;
  readonly aliases: Aliases;
  readonly #prefix: string;
  #asked: { readonly id: string | number; readonly method: string }[] = [];
  #start = 0;
  #count = 0;

  constructor(client: RawClient, aliases: Aliases, prefix: string) {
    this.client = client;
    this.aliases = aliases;
    this.#prefix = prefix;
  }

  /** Since `begin`. */
  get heard(): readonly Message[] {
    return this.client.received.slice(this.#start).map(({ message }) => message);
  }

  begin(): void {
    this.#start = this.client.received.length;
    this.#asked = [];
  }

  /** Ids of both kinds take turns. Returns the id. */
  ask(method: string, params: object = {}): string | number {
    this.#count += 1;
    const number = 1_000_000 * this.#prefix.length + this.#count;
    const id = this.#count % 2 === 0 ? number : `${this.#prefix}-${this.#count}`;
    this.#asked.push({ id, method });
    this.client.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
    return id;
  }

  async request(method: string, params: object = {}): Promise<Message> {
    return (await this.client.reply(this.ask(method, params), 25_000)).message;
  }

  call(tool: string, args: object = {}, more: object = {}): Promise<Message> {
    return this.request('tools/call', { name: this.aliases.name(tool), arguments: args, ...more });
  }

  /** Resolves when so many notifications or requests of `method` came in this step. */
  hear(method: string, count = 1): Promise<unknown> {
    return this.client.waitFor(
      () => this.heard.filter((one) => one.method === method).length >= count,
      `${count} × ${method}`,
    );
  }

  step(): Step {
    const groups: Record<string, string[]> = {};
    for (const { id, method } of this.#asked) {
      const reply = this.heard.find((one) => one.id === id && one.method === undefined);
      add(groups, `reply ${method}`, reply === undefined ? 'none' : bare(reply));
    }
    for (const message of this.heard) {
      if (message.method === undefined || isListChanged(message)) continue;
      add(groups, message.method, bare(message));
    }
    return groups;
  }
}

/** Without the id, and whatever the order of JSON-RPC's own members. */
function bare({ id, method, params, result, error }: Message): string {
  return JSON.stringify({ kind: id === undefined ? 'notification' : 'with id', method, params, result, error });
}

/** Announced by rules of the gateway's own: debounced, and only where the client has seen the list. */
function isListChanged({ method = '' }: Message): boolean {
  return method.endsWith('/list_changed');
}

function add(groups: Record<string, string[]>, key: string, text: string): void {
  groups[key] = [...(groups[key] ?? []), text];
}

const RANDOM =
  /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{32}|(?<="taskId":")(?!client-)[^"]+/gu;

/** Random values get numbers in the order of their appearance, times one word. */
export function settled(transcript: Transcript): Transcript {
  const seen = new Map<string, string>();
  const plain = (text: string): string =>
    text
      // The gateway has ids of its own for the tasks of either side; the client's begin with "client-".
      .replaceAll(/Task created: [^\\]+/gu, 'Task created: a-task')
      .replaceAll(RANDOM, (found) => {
        if (!seen.has(found)) seen.set(found, `random-${seen.size + 1}`);
        return seen.get(found) ?? '';
      })
      .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z/gu, 'a-time')
      .replaceAll(/\d{1,2}:\d\d:\d\d [AP]M/gu, 'a-time')
      .replaceAll(
        /"blob":"([A-Za-z0-9+/=]+)"/gu,
        (_whole, base64: string) => `"blob of":${JSON.stringify(plainBlob(base64))}`,
      )
      .replaceAll(/"level":"\w+","data":"\w+.[Ll]evel.message"/gu, 'a simulated log message');
  return mapTexts(transcript, plain);
}

function plainBlob(base64: string): string {
  const text = Buffer.from(base64, 'base64').toString('latin1');
  return text.includes('created at') ? text.replace(/\d{1,2}:\d\d:\d\d [AP]M/u, 'a-time') : base64;
}

/** What must come through the gateway where this came directly. */
export function aliased(transcript: Transcript, aliases: Aliases): Transcript {
  return mapTexts(transcript, (text) =>
    text === 'none' ? text : JSON.stringify(aliasedMessage(JSON.parse(text) as Loose, aliases)),
  );
}

interface Loose {
  [member: string]: Loose | Loose[] | string | undefined;
}

/** Every place where MCP 2025-11-25 names a tool, prompt or resource of a server; nothing else may differ. */
function aliasedMessage(message: Loose, { name, uri }: Aliases): Loose {
  const each = (value: unknown, change: (one: Loose) => void): void => {
    if (Array.isArray(value)) for (const one of value as Loose[]) change(one);
  };
  const put = (holder: unknown, key: string, change: (text: string) => string): void => {
    const object = holder as Loose | undefined;
    if (typeof object?.[key] === 'string') object[key] = change(object[key]);
  };
  const content = (block: Loose): void => {
    if (block['type'] === 'resource_link') put(block, 'uri', uri);
    if (block['type'] === 'resource') put(block['resource'], 'uri', uri);
  };
  const result = (message['result'] ?? {}) as Loose;
  each(result['tools'], (one) => put(one, 'name', name));
  each(result['prompts'], (one) => put(one, 'name', name));
  each(result['resources'], (one) => put(one, 'uri', uri));
  each(result['resourceTemplates'], (one) => put(one, 'uriTemplate', uri));
  each(result['contents'], (one) => put(one, 'uri', uri));
  each(result['content'], content);
  each(result['messages'], (one) => content(one['content'] as Loose));
  if (message['method'] === 'notifications/resources/updated') put(message['params'], 'uri', uri);
  return message;
}

function mapTexts(transcript: Transcript, change: (text: string) => string): Transcript {
  const step = (one: Step): Step =>
    Object.fromEntries(Object.entries(one).map(([key, texts]) => [key, texts.map(change)]));
  return Object.fromEntries(Object.entries(transcript).map(([label, one]) => [label, step(one)]));
}
