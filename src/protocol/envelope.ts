/**
 * The members of one JSON-RPC message, found in one walk of its bytes (JSON-RPC 2.0, sections 4 and 5). Members of
 * `params` and `result` are recorded too, because calls and their answers are read several times.
 */
import { OPEN_BRACE, QUOTE } from '../base/ascii.ts';
import { keyIs, type MemberVisitor, type Span, skipSpace, skipValue, textAt, walkMembers } from './json-scan.ts';
import { MemberIndex } from './member-index.ts';

export interface Envelope {
  readonly version: Span | undefined;
  readonly id: Span | undefined;
  readonly method: string | undefined;
  readonly params: Span | undefined;
  readonly result: Span | undefined;
  readonly error: Span | undefined;
  /** A member occurs twice, or a JSON-RPC member in another case, or a method beside a result: two readers could understand two things. */
  readonly isAmbiguous: boolean;
  /** No other member could be taken for the id. */
  readonly isIdClear: boolean;
  /** Undefined where the value is not an object. */
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

/** Keyed by the bits of the members seen. */
const KNOWN = { jsonrpc: 1, id: 2, method: 4, params: 8, result: 16, error: 32 } as const;

const NAMES: readonly string[] = Object.keys(KNOWN);

/** For a message with only JSON-RPC members, without escapes and without duplicates, as nearly every message is. */
class UsualEnvelope implements MemberVisitor, Envelope {
  version: Span | undefined = undefined;
  id: Span | undefined = undefined;
  method: string | undefined = undefined;
  params: Span | undefined = undefined;
  result: Span | undefined = undefined;
  error: Span | undefined = undefined;
  paramMembers: MemberIndex | undefined = undefined;
  resultMembers: MemberIndex | undefined = undefined;
  readonly isIdClear = true;
  isUsual = true;
  readonly #bytes: Buffer;
  #seen = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** A request and a reply at once. */
  get isAmbiguous(): boolean {
    return (this.#seen & KNOWN.method) !== 0 && (this.#seen & (KNOWN.result | KNOWN.error)) !== 0;
  }

  member(keyAt: number, start: number): number {
    const known = knownMember(this.#bytes, keyAt);
    if (known === 0 || (this.#seen & known) !== 0) this.isUsual = false;
    this.#seen |= known;
    const isWalked = known === KNOWN.params || known === KNOWN.result;
    const members = isWalked ? membersAt(this.#bytes, start) : undefined;
    const end = members?.end ?? skipValue(this.#bytes, start);
    if (end !== -1) this.#note(known, { start, end }, members);
    return end;
  }

  #note(known: number, value: Span, members: MemberIndex | undefined): void {
    if (known === KNOWN.jsonrpc) this.version = value;
    else if (known === KNOWN.id) this.id = usable(this.#bytes, value);
    else if (known === KNOWN.method) this.method = methodAt(this.#bytes, value);
    else if (known === KNOWN.error) this.error = usable(this.#bytes, value);
    else if (known === KNOWN.params) {
      this.params = value;
      this.paramMembers = members;
    } else if (known === KNOWN.result) {
      this.result = value;
      this.resultMembers = members;
    }
  }
}

/** The bit of a JSON-RPC member whose key has no escapes, or 0. */
function knownMember(bytes: Buffer, keyAt: number): number {
  switch (bytes[keyAt + 1]) {
    case 0x6a:
      return isPlainly(bytes, keyAt, 'jsonrpc') ? KNOWN.jsonrpc : 0;
    case 0x69:
      return isPlainly(bytes, keyAt, 'id') ? KNOWN.id : 0;
    case 0x6d:
      return isPlainly(bytes, keyAt, 'method') ? KNOWN.method : 0;
    case 0x70:
      return isPlainly(bytes, keyAt, 'params') ? KNOWN.params : 0;
    case 0x72:
      return isPlainly(bytes, keyAt, 'result') ? KNOWN.result : 0;
    case 0x65:
      return isPlainly(bytes, keyAt, 'error') ? KNOWN.error : 0;
    default:
      return 0;
  }
}

/** In a key with escapes the closing quote would be further right. */
function isPlainly(bytes: Buffer, keyAt: number, key: string): boolean {
  return bytes[keyAt + 1 + key.length] === QUOTE && keyIs(bytes, keyAt, key);
}

function unusualEnvelope(bytes: Buffer): Envelope {
  const index = MemberIndex.at(bytes, skipSpace(bytes, 0));
  const method = index.find('method');
  const params = index.find('params');
  const result = index.find('result');
  const error = index.find('error');
  return {
    version: index.find('jsonrpc'),
    id: usable(bytes, index.find('id')),
    method: method && textAt(bytes, method),
    params,
    result,
    error: usable(bytes, error),
    isAmbiguous: index.hasTwins() || index.hidesAny(NAMES) || (method !== undefined && (result ?? error) !== undefined),
    isIdClear: index.count('id') === 1,
    paramMembers: membersOf(bytes, params),
    resultMembers: membersOf(bytes, result),
  };
}

function membersOf(bytes: Buffer, value: Span | undefined): MemberIndex | undefined {
  return value === undefined ? undefined : membersAt(bytes, value.start);
}

/** Undefined where no object starts there. */
function membersAt(bytes: Buffer, start: number): MemberIndex | undefined {
  return bytes[start] === OPEN_BRACE ? MemberIndex.at(bytes, start) : undefined;
}

/** Saves a new string of the same few bytes for every call. */
function methodAt(bytes: Buffer, method: Span): string | undefined {
  const isCall = bytes[method.start] === QUOTE && keyIs(bytes, method.start, 'tools/call');
  return isCall ? 'tools/call' : textAt(bytes, method);
}

/** A null id means "I could not read your id", and some servers write a null error beside a result: null counts as absent. */
function usable(bytes: Buffer, value: Span | undefined): Span | undefined {
  return value === undefined || bytes[value.start] === 0x6e ? undefined : value;
}
