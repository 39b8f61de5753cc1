/** The requests of the AI client without a reply, the errors that can replace a reply, and what stands for the next daemon. */
import { AnywhereError, reportOf } from '../base/errors.ts';
import { failedCallResult, failureText } from '../downstream/failure.ts';
import { errorLine, notificationLine, RPC, resultLine } from '../protocol/jsonrpc.ts';
import { Message } from '../protocol/message.ts';
import { COLLECTIONS, collectionOfMethod } from '../protocol/methods.ts';

export interface Waiting {
  /** The id as JSON text. */
  readonly idText: string;
  readonly method: string;
  /** The tool of a tools/call, if known. */
  readonly tool: string | undefined;
  /** Monotonic clock, ms. */
  readonly sinceMs: number;
  /** The line of the request, if sending it again is safe. */
  readonly line: Buffer | undefined;
}

/** Methods that are safe to send twice. Nothing that a server carries out is among them. */
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

  /** A pending request cannot be sent again. */
  get hasUnrepeatable(): boolean {
    return [...this.#waiting.values()].some(({ line }) => line === undefined);
  }

  /** The request has its reply, or needs none any more. */
  settle(idText: string): Waiting | undefined {
    const waiting = this.#waiting.get(idText);
    this.#waiting.delete(idText);
    return waiting;
  }

  /** Removes and returns the matching requests, in the order of sending. */
  take(which: (waiting: Waiting) => boolean): Waiting[] {
    const taken = [...this.#waiting.values()].filter(which);
    for (const { idText } of taken) this.settle(idText);
    return taken.sort((left, right) => left.sinceMs - right.sinceMs);
  }
}

/** The daemon ended with a pending request, which may or may not have been carried out. */
export function outcomeUnknown({ tool, sinceMs }: Waiting, nowMs: number, why = 'the daemon ended'): AnywhereError {
  const what = tool === undefined ? '' : `tool ${tool}, `;
  const text = `outcome unknown: ${what}after ${((nowMs - sinceMs) / 1000).toFixed(1)} s: ${why}`;
  return new AnywhereError('OUTCOME_UNKNOWN', text, { tool });
}

/** The line that answers a request with an error. For a call, the error is inside a result, which the model reads. */
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

  /** A notification of the client. */
  notified(notification: Message): void {
    if (notification.method === 'notifications/initialized') this.#initialized = Buffer.from(notification.bytes);
  }

  /** The daemon answered a request of the client with a result. */
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

  /** The raw request; undefined until a daemon answered it. */
  get initialize(): Buffer | undefined {
    return this.#initialize;
  }

  /** The notification after initialize. */
  get initialized(): Buffer | undefined {
    return this.#initialized;
  }

  /** The raw requests after both. */
  get requests(): readonly Buffer[] {
    return [...(this.#level === undefined ? [] : [this.#level]), ...this.#subscriptions.values()];
  }

  /** Notifications for the lists that the client has read, because another daemon can offer other items. */
  get listChanged(): readonly Buffer[] {
    const methods = new Set(COLLECTIONS.map(({ changed }) => changed).filter((changed) => this.#listed.has(changed)));
    return [...methods].map((method) => Buffer.concat([...notificationLine(method), Buffer.from('\n')]));
  }
}

function uriOf(line: Buffer): string {
  return Message.parse(line)?.paramText('uri') ?? '';
}
