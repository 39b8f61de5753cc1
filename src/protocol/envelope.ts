/**
 * The members of one JSON-RPC message, found in one walk of its bytes (JSON-RPC 2.0, sections 4 and 5). Those of `params`
 * and `result` are noted on the way: calls and their answers are looked at several times.
 */
import { keyIs, type Span, skipSpace, skipValue, textAt } from './json-scan.ts';
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
  return readUsual(bytes) ?? readUnusual(bytes);
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** By a bit of what has been seen. */
const KNOWN = { jsonrpc: 1, id: 2, method: 4, params: 8, result: 16, error: 32 } as const;

class UsualEnvelope implements Envelope {
  id: Span | undefined = undefined;
  method: string | undefined = undefined;
  params: Span | undefined = undefined;
  result: Span | undefined = undefined;
  error: Span | undefined = undefined;
  paramMembers: MemberIndex | undefined = undefined;
  resultMembers: MemberIndex | undefined = undefined;
  readonly isAmbiguous = false;
}

/** Of a message that has members of JSON-RPC only, and none twice: nearly every one. Undefined where it is anything else. */
function readUsual(bytes: Buffer): Envelope | undefined {
  const envelope = new UsualEnvelope();
  let seen = 0;
  let at = skipSpace(bytes, 0);
  if (at >= bytes.length || bytes[at] !== OPEN_BRACE) return undefined;
  for (;;) {
    const keyAt = skipSpace(bytes, at + 1);
    const known = knownMember(bytes, keyAt);
    const start = known === 0 || (seen & known) !== 0 ? -1 : behindKey(bytes, keyAt + keyBytes(known));
    if (start === -1) return undefined;
    seen |= known;
    const end = noteValue(envelope, known, bytes, start);
    if (end === -1) return undefined;
    at = skipSpace(bytes, end);
    if (at >= bytes.length) return undefined;
    if (bytes[at] === CLOSE_BRACE) return skipSpace(bytes, at + 1) === bytes.length ? envelope : undefined;
    if (bytes[at] !== COMMA) return undefined;
  }
}

/**
 * The id of a reply of which only the beginning has come, up to somewhere inside of its result. Undefined where it is not
 * plainly such a reply; `id` is undefined where none stands before the result.
 */
export function readOpening(text: Buffer): { readonly id: Span | undefined } | undefined {
  let id: Span | undefined;
  let at = skipSpace(text, 0);
  if (text[at] !== OPEN_BRACE) return undefined;
  for (;;) {
    const keyAt = skipSpace(text, at + 1);
    const known = knownMember(text, keyAt);
    const start = known === 0 ? -1 : behindKey(text, keyAt + keyBytes(known));
    if (start === -1) return undefined;
    if (known === KNOWN.result) return { id };
    const end = known === KNOWN.jsonrpc || (known === KNOWN.id && id === undefined) ? skipValue(text, start) : -1;
    if (end === -1) return undefined;
    if (known === KNOWN.id) id = { start, end };
    at = skipSpace(text, end);
    if (text[at] !== COMMA) return undefined;
  }
}

/** The bit of a member of JSON-RPC, or 0. */
function knownMember(bytes: Buffer, keyAt: number): number {
  // The shortest of them is followed by a colon and a value.
  if (keyAt + 5 >= bytes.length || bytes[keyAt] !== QUOTE) return 0;
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

/** Of its key as it is written plainly, with its quotes. */
function keyBytes(known: number): number {
  if (known === KNOWN.id) return 4;
  if (known === KNOWN.jsonrpc) return 9;
  return known === KNOWN.error ? 7 : 8;
}

/** Where the value begins whose key ends at `from`, or -1: also for a key that is written with escapes. */
function behindKey(bytes: Buffer, from: number): number {
  const colon = skipSpace(bytes, from);
  if (colon >= bytes.length || bytes[colon] !== COLON) return -1;
  const start = skipSpace(bytes, colon + 1);
  return start < bytes.length ? start : -1;
}

/** Notes the value that begins at `start`; the index after it, or -1. */
function noteValue(envelope: UsualEnvelope, known: number, bytes: Buffer, start: number): number {
  if (known === KNOWN.params) return noteParams(envelope, bytes, start);
  if (known === KNOWN.result) return noteResult(envelope, bytes, start);
  const end = skipValue(bytes, start);
  if (end === -1) return -1;
  if (known === KNOWN.id) envelope.id = usable(bytes, { start, end });
  else if (known === KNOWN.method) envelope.method = methodAt(bytes, { start, end });
  else if (known === KNOWN.error) envelope.error = usable(bytes, { start, end });
  return end;
}

function noteParams(envelope: UsualEnvelope, bytes: Buffer, start: number): number {
  if (bytes[start] === OPEN_BRACE) envelope.paramMembers = MemberIndex.at(bytes, start);
  const end = envelope.paramMembers?.end ?? skipValue(bytes, start);
  envelope.params = { start, end };
  return end;
}

function noteResult(envelope: UsualEnvelope, bytes: Buffer, start: number): number {
  if (bytes[start] === OPEN_BRACE) envelope.resultMembers = MemberIndex.at(bytes, start);
  const end = envelope.resultMembers?.end ?? skipValue(bytes, start);
  envelope.result = { start, end };
  return end;
}

function readUnusual(bytes: Buffer): Envelope | undefined {
  const index = MemberIndex.at(bytes, skipSpace(bytes, 0));
  if (index.end === -1 || skipSpace(bytes, index.end) !== bytes.length) return undefined;
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
