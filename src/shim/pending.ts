/** The requests of the AI client that wait for their replies, and what it is told when those cannot come. */
import { AnywhereError, reportOf } from '../base/errors.ts';
import { failedCallResult, failureText } from '../downstream/failure.ts';
import { errorLine, RPC, resultLine } from '../protocol/jsonrpc.ts';

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
