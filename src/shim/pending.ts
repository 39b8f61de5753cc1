/** The requests of the AI client that wait for their replies, and what it is told when those cannot come. */
import { AnywhereError, reportOf } from '../base/errors.ts';
import { failedCallResult, failureText } from '../downstream/failure.ts';
import { COLLECTIONS, collectionOfMethod } from '../protocol/collections.ts';
import { errorLine, notificationLine, RPC, resultLine } from '../protocol/jsonrpc.ts';
import { Message } from '../protocol/message.ts';

export interface Waiting {
  /** As JSON text. */
  readonly idText: string;
  readonly method: string;
  /** Of a tools/call, where it was seen. */
  readonly tool: string | undefined;
  /** Monotonic milliseconds. */
  readonly sinceMs: number;
  /** Its line, where asking again does no harm. */
  readonly line: Buffer | undefined;
}

/** Asking twice is as good as once. What servers carry out is not among them. */
const REPEATABLE: ReadonlySet<string> = new Set([
  'initialize',
  'ping',
  'logging/setLevel',
  'resources/subscribe',
  'resources/unsubscribe',
  'tools/list',
  'prompts/list',
  'resources/list',
  'resources/templates/list',
]);

export function isRepeatable(method: string): boolean {
  return REPEATABLE.has(method);
}

export class Pending {
  readonly #waiting = new Map<string, Waiting>();

  get size(): number {
    return this.#waiting.size;
  }

  add(waiting: Waiting): void {
    this.#waiting.set(waiting.idText, waiting);
  }

  has(idText: string): boolean {
    return this.#waiting.has(idText);
  }

  /** Something is under way that cannot be asked again. */
  get hasUnrepeatable(): boolean {
    return [...this.#waiting.values()].some(({ line }) => line === undefined);
  }

  /** It has its reply, or wants none any more. */
  settle(idText: string): Waiting | undefined {
    const waiting = this.#waiting.get(idText);
    this.#waiting.delete(idText);
    return waiting;
  }

  /** Takes out those that `which` names, in the order in which they were asked. */
  take(which: (waiting: Waiting) => boolean): Waiting[] {
    const taken = [...this.#waiting.values()].filter(which);
    for (const { idText } of taken) this.settle(idText);
    return taken.sort((left, right) => left.sinceMs - right.sinceMs);
  }
}

/** The daemon went away with the request: nobody can say whether it was carried out. */
export function outcomeUnknown({ tool, sinceMs }: Waiting, nowMs: number, why = 'the daemon ended'): AnywhereError {
  const what = tool === undefined ? '' : `tool ${tool}, `;
  const text = `outcome unknown: ${what}after ${((nowMs - sinceMs) / 1000).toFixed(1)} s: ${why}`;
  return new AnywhereError('OUTCOME_UNKNOWN', text, { tool });
}

/** The line that answers it with an error: for a call in a result, which the model reads. */
export function failureLine({ idText, method }: Pick<Waiting, 'idText' | 'method'>, error: AnywhereError): Buffer {
  const pieces =
    method === 'tools/call'
      ? resultLine(idText, failedCallResult(error))
      : errorLine(idText, RPC.internalError, failureText(error), reportOf(error));
  return Buffer.concat([...pieces, Buffer.from('\n')]);
}

/** What the AI client said and still stands: its initialize, log level and subscriptions. The next daemon is told it again. */
export class Standing {
  #initialize: Buffer | undefined;
  #initialized: Buffer | undefined;
  #level: Buffer | undefined;
  /** By URI. */
  readonly #subscriptions = new Map<string, Buffer>();
  readonly #listed = new Set<string>();

  /** A notification of the client, on its way. */
  notified(notification: Message): void {
    if (notification.method === 'notifications/initialized') this.#initialized = Buffer.from(notification.bytes);
  }

  /** A request of the client was answered with a result. */
  granted({ method, line }: Waiting): void {
    if (line === undefined) return;
    if (method === 'initialize') this.#initialize = line;
    else if (method === 'logging/setLevel') this.#level = line;
    else if (method === 'resources/subscribe') this.#subscriptions.set(uriOf(line), line);
    else if (method === 'resources/unsubscribe') this.#subscriptions.delete(uriOf(line));
    else {
      const changed = collectionOfMethod(method)?.changed;
      if (changed !== undefined) this.#listed.add(changed);
    }
  }

  /** The raw request; undefined until it was answered. */
  get initialize(): Buffer | undefined {
    return this.#initialize;
  }

  /** The notification that follows it. */
  get initialized(): Buffer | undefined {
    return this.#initialized;
  }

  /** The raw requests that follow both. */
  get requests(): readonly Buffer[] {
    return [...(this.#level === undefined ? [] : [this.#level]), ...this.#subscriptions.values()];
  }

  /** What another daemon offers may differ from what the client listed before. */
  get listChanged(): readonly Buffer[] {
    const methods = new Set(COLLECTIONS.map(({ changed }) => changed).filter((changed) => this.#listed.has(changed)));
    return [...methods].map((method) => Buffer.concat([...notificationLine(method), Buffer.from('\n')]));
  }
}

function uriOf(line: Buffer): string {
  return Message.parse(line)?.paramText('uri') ?? '';
}
