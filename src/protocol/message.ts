/**
 * One JSON-RPC 2.0 message as the bytes it came in, with the spans of what the gateway looks at.
 *
 * https://www.jsonrpc.org/specification; MCP adds that ids are strings or numbers, never null.
 */
import { memberAt, numberAt, rawAt, type Span, skipSpace, textAt, valueAt, walkElements } from './json-scan.ts';
import { MemberIndex } from './member-index.ts';

export type MessageKind = 'request' | 'notification' | 'result' | 'error';

interface Members {
  readonly id: Span | undefined;
  readonly method: string | undefined;
  readonly params: Span | undefined;
  readonly result: Span | undefined;
  readonly error: Span | undefined;
  readonly isAmbiguous: boolean;
}

export class Message {
  readonly bytes: Buffer;
  readonly kind: MessageKind;
  /** Requests and replies; undefined for notifications and for errors whose id is null. */
  readonly id: Span | undefined;
  /** '' for replies. */
  readonly method: string;
  readonly params: Span | undefined;
  readonly result: Span | undefined;
  readonly error: Span | undefined;
  /** A member that JSON-RPC knows stands there twice, or in another case: readers would differ on what is meant. */
  readonly isAmbiguous: boolean;
  #params: MemberIndex | undefined;
  #idText: string | undefined;

  private constructor(bytes: Buffer, kind: MessageKind, members: Members) {
    this.bytes = bytes;
    this.kind = kind;
    this.id = members.id;
    this.method = members.method ?? '';
    this.params = members.params;
    this.result = members.result;
    this.error = members.error;
    this.isAmbiguous = members.isAmbiguous;
  }

  /** Undefined where the bytes are not one JSON-RPC message. */
  static parse(bytes: Buffer): Message | undefined {
    const members = readMembers(bytes);
    if (members === undefined) return undefined;
    const kind = kindOf(members);
    return kind === undefined ? undefined : new Message(bytes, kind, members);
  }

  /** The id as its JSON text (`7`, `"a"`): equal ids have equal text for one sender. */
  get idText(): string {
    this.#idText ??= this.id === undefined ? 'null' : rawAt(this.bytes, this.id);
    return this.#idText;
  }

  /** The id as a number where it is one: our own ids always are. */
  get idNumber(): number {
    return this.id === undefined ? Number.NaN : numberAt(this.bytes, this.id);
  }

  /** The span at a path below `params`. */
  param(key: string, ...rest: readonly string[]): Span | undefined {
    const span = this.#paramIndex().find(this.bytes, key);
    return span === undefined || rest.length === 0 ? span : memberAt(this.bytes, span, rest);
  }

  /** A string below `params`. */
  paramText(key: string, ...rest: readonly string[]): string | undefined {
    const span = this.param(key, ...rest);
    return span === undefined ? undefined : textAt(this.bytes, span);
  }

  /**
   * True where two members of `params`, or of the object at `key` in it, have the same name to some
   * reader: a server must not be able to read another name in a request's bytes than we did.
   */
  hasTwins(key?: string): boolean {
    if (key === undefined) return this.#paramIndex().hasTwins(this.bytes);
    const span = this.param(key);
    return span !== undefined && MemberIndex.of(this.bytes, span).hasTwins(this.bytes);
  }

  /** A call is looked at several times and walked once. */
  #paramIndex(): MemberIndex {
    this.#params ??= MemberIndex.of(this.bytes, this.params);
    return this.#params;
  }

  /** Parsed copies, for the small messages that the gateway itself answers. */
  paramsValue(): unknown {
    return this.params === undefined ? undefined : valueAt(this.bytes, this.params);
  }

  resultValue(): unknown {
    return this.result === undefined ? undefined : valueAt(this.bytes, this.result);
  }

  errorValue(): { readonly code: number; readonly message: string; readonly data?: unknown } {
    const value = this.error === undefined ? undefined : valueAt(this.bytes, this.error);
    if (typeof value === 'object' && value !== null && 'code' in value && 'message' in value)
      return value as { code: number; message: string; data?: unknown };
    return { code: -32603, message: 'error without code or message' };
  }
}

function readMembers(bytes: Buffer): Members | undefined {
  const index = MemberIndex.of(bytes, { start: skipSpace(bytes, 0), end: bytes.length });
  if (!index.isObject || skipSpace(bytes, index.end) !== bytes.length) return undefined;
  const method = index.find(bytes, 'method');
  return {
    id: usable(bytes, index.find(bytes, 'id')),
    method: method && textAt(bytes, method),
    params: index.find(bytes, 'params'),
    result: index.find(bytes, 'result'),
    error: usable(bytes, index.find(bytes, 'error')),
    // A reply of `jsonrpc`, `id` and `result` has no room for a method.
    isAmbiguous: index.hasTwins(bytes) || (method === undefined && index.hides(bytes, 'method', 3)),
  };
}

/** A null id is how a server says "I could not read your id", and a null error stands beside many a result: neither is one. */
function usable(bytes: Buffer, value: Span | undefined): Span | undefined {
  return value === undefined || bytes[value.start] === 0x6e ? undefined : value;
}

function kindOf(members: Members): MessageKind | undefined {
  if (members.method !== undefined) return members.id === undefined ? 'notification' : 'request';
  if (members.error !== undefined) return 'error';
  return members.result !== undefined && members.id !== undefined ? 'result' : undefined;
}

/** Batches are small; an array of millions of elements is somebody's attempt at our memory. */
const MAX_BATCH = 10_000;

/** The messages of a batch (JSON-RPC 2.0 section 6, MCP 2025-03-26 only), or undefined where it is none. */
export function parseBatch(bytes: Buffer): readonly Buffer[] | undefined {
  const items: Buffer[] = [];
  const end = walkElements(bytes, skipSpace(bytes, 0), ({ start, end: stop }) => {
    if (items.length <= MAX_BATCH) items.push(bytes.subarray(start, stop));
  });
  if (items.length > MAX_BATCH) return undefined;
  return end === -1 || skipSpace(bytes, end) !== bytes.length ? undefined : items;
}
