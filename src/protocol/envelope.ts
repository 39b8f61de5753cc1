/**
 * The members of one JSON-RPC message, found in one walk of its bytes (JSON-RPC 2.0, sections 4 and 5). Those of `params`
 * and `result` are noted on the way: calls and their answers are looked at several times.
 */
import { keyIs, type MemberVisitor, type Span, skipSpace, skipValue, textAt, walkMembers } from './json-scan.ts';
import { MemberIndex } from './member-index.ts';

export interface Envelope {
  readonly id: Span | undefined;
  readonly method: string | undefined;
  readonly params: Span | undefined;
  readonly result: Span | undefined;
  readonly error: Span | undefined;
  /** A member that JSON-RPC knows stands there twice, or in another case: readers would differ on what is meant. */
  readonly isAmbiguous: boolean;
  /** Undefined where it is no object. */
  readonly paramMembers: MemberIndex | undefined;
  readonly resultMembers: MemberIndex | undefined;
}

/** Undefined where the bytes are not one JSON object. */
export function readEnvelope(bytes: Buffer): Envelope | undefined {
  const usual = new UsualEnvelope(bytes);
  const end = walkMembers(bytes, skipSpace(bytes, 0), usual);
  if (end === -1 || skipSpace(bytes, end) !== bytes.length) return undefined;
  return usual.isUsual ? usual : unusualEnvelope(bytes);
}

const OPEN_BRACE = 0x7b;

/** By a bit of what has been seen. */
const KNOWN = { jsonrpc: 1, id: 2, method: 4, params: 8, result: 16, error: 32 } as const;

/** Of a message that has members of JSON-RPC only, and none twice: nearly every one. */
class UsualEnvelope implements MemberVisitor, Envelope {
  id: Span | undefined = undefined;
  method: string | undefined = undefined;
  params: Span | undefined = undefined;
  result: Span | undefined = undefined;
  error: Span | undefined = undefined;
  paramMembers: MemberIndex | undefined = undefined;
  resultMembers: MemberIndex | undefined = undefined;
  readonly isAmbiguous = false;
  isUsual = true;
  readonly #bytes: Buffer;
  #seen = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  member(keyAt: number, start: number): number {
    const known = knownMember(this.#bytes, keyAt);
    if (known === 0 || (this.#seen & known) !== 0) this.isUsual = false;
    this.#seen |= known;
    if (known === KNOWN.params) return this.#params(start);
    if (known === KNOWN.result) return this.#result(start);
    const end = skipValue(this.#bytes, start);
    if (end !== -1) this.#note(known, { start, end });
    return end;
  }

  #params(start: number): number {
    this.paramMembers = this.#bytes[start] === OPEN_BRACE ? MemberIndex.at(this.#bytes, start) : undefined;
    const end = this.paramMembers?.end ?? skipValue(this.#bytes, start);
    this.params = { start, end };
    return end;
  }

  #result(start: number): number {
    this.resultMembers = this.#bytes[start] === OPEN_BRACE ? MemberIndex.at(this.#bytes, start) : undefined;
    const end = this.resultMembers?.end ?? skipValue(this.#bytes, start);
    this.result = { start, end };
    return end;
  }

  #note(known: number, value: Span): void {
    if (known === KNOWN.id) this.id = usable(this.#bytes, value);
    else if (known === KNOWN.method) this.method = methodAt(this.#bytes, value);
    else if (known === KNOWN.error) this.error = usable(this.#bytes, value);
  }
}

/** The bit of a member of JSON-RPC, or 0. */
function knownMember(bytes: Buffer, keyAt: number): number {
  switch (bytes[keyAt + 1]) {
    case 0x6a:
      return keyIs(bytes, keyAt, 'jsonrpc') ? KNOWN.jsonrpc : 0;
    case 0x69:
      return keyIs(bytes, keyAt, 'id') ? KNOWN.id : 0;
    case 0x6d:
      return keyIs(bytes, keyAt, 'method') ? KNOWN.method : 0;
    case 0x70:
      return keyIs(bytes, keyAt, 'params') ? KNOWN.params : 0;
    case 0x72:
      return keyIs(bytes, keyAt, 'result') ? KNOWN.result : 0;
    case 0x65:
      return keyIs(bytes, keyAt, 'error') ? KNOWN.error : 0;
    default:
      return 0;
  }
}

function unusualEnvelope(bytes: Buffer): Envelope | undefined {
  const index = MemberIndex.at(bytes, skipSpace(bytes, 0));
  const method = index.find('method');
  const params = index.find('params');
  const result = index.find('result');
  return {
    id: usable(bytes, index.find('id')),
    method: method && textAt(bytes, method),
    params,
    result,
    error: usable(bytes, index.find('error')),
    // A reply of `jsonrpc`, `id` and `result` has no room for a method.
    isAmbiguous: index.hasTwins() || (method === undefined && index.hides('method', 3)),
    paramMembers: membersOf(bytes, params),
    resultMembers: membersOf(bytes, result),
  };
}

function membersOf(bytes: Buffer, value: Span | undefined): MemberIndex | undefined {
  return value !== undefined && bytes[value.start] === OPEN_BRACE ? MemberIndex.at(bytes, value.start) : undefined;
}

/** Making a string of the same few bytes for every call would cost a part of the call. */
function methodAt(bytes: Buffer, method: Span): string | undefined {
  const isCall = bytes[method.start] === 0x22 && keyIs(bytes, method.start, 'tools/call');
  return isCall ? 'tools/call' : textAt(bytes, method);
}

/** A null id is how a server says "I could not read your id", and a null error stands beside many a result: neither is one. */
function usable(bytes: Buffer, value: Span | undefined): Span | undefined {
  return value === undefined || bytes[value.start] === 0x6e ? undefined : value;
}
