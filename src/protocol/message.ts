/**
 * One JSON-RPC 2.0 message as the bytes it came in, with the spans of what the gateway looks at.
 *
 * https://www.jsonrpc.org/specification; MCP adds that ids are strings or numbers, never null.
 */
import { memberAt, rawAt, type Span, skipSpace, textAt, valueAt, walkElements, walkMembers } from './json-scan.ts';

export type MessageKind = 'request' | 'notification' | 'result' | 'error';

interface Members {
  readonly id: Span | undefined;
  readonly method: string | undefined;
  readonly params: Span | undefined;
  readonly result: Span | undefined;
  readonly error: Span | undefined;
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

  private constructor(bytes: Buffer, kind: MessageKind, members: Members) {
    this.bytes = bytes;
    this.kind = kind;
    this.id = members.id;
    this.method = members.method ?? '';
    this.params = members.params;
    this.result = members.result;
    this.error = members.error;
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
    return this.id === undefined ? 'null' : rawAt(this.bytes, this.id);
  }

  /** The id as a number where it is one: our own ids always are. */
  get idNumber(): number {
    return this.id === undefined ? Number.NaN : Number(rawAt(this.bytes, this.id));
  }

  /** The span at a path below `params`. */
  param(...path: readonly string[]): Span | undefined {
    return this.params === undefined ? undefined : memberAt(this.bytes, this.params, path);
  }

  /** A string below `params`. */
  paramText(...path: readonly string[]): string | undefined {
    const span = this.param(...path);
    return span === undefined ? undefined : textAt(this.bytes, span);
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
  let id: Span | undefined;
  let method: Span | undefined;
  let params: Span | undefined;
  let result: Span | undefined;
  let error: Span | undefined;
  const end = walkMembers(bytes, skipSpace(bytes, 0), (key, value) => {
    if (key === 'id') id = value;
    else if (key === 'method') method = value;
    else if (key === 'params') params = value;
    else if (key === 'result') result = value;
    else if (key === 'error') error = value;
  });
  if (end === -1 || skipSpace(bytes, end) !== bytes.length) return undefined;
  return { id: usable(bytes, id), method: method && textAt(bytes, method), params, result, error: usable(bytes, error) };
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
