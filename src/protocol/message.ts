/**
 * One JSON-RPC 2.0 message as its original bytes, with the spans of the members that the gateway reads.
 *
 * https://www.jsonrpc.org/specification; MCP adds that ids are strings or numbers, never null.
 */
import { NINE, QUOTE } from '../base/ascii.ts';
import { isRecord } from '../base/record.ts';
import { type Envelope, readEnvelope } from './envelope.ts';
import { legible } from './fit-line.ts';
import {
  keyIs,
  memberOf,
  numberAt,
  plainNumberAt,
  rawAt,
  type Span,
  skipSpace,
  textAt,
  valueAt,
  walkElements,
} from './json-scan.ts';
import type { LargeLine } from './large-line.ts';
import { MemberIndex } from './member-index.ts';
import type { Outline } from './outline.ts';
import { type Edit, type Line, Splice } from './splice.ts';

/** The start of an escaped ASCII letter in a key. */
const ESCAPED_ASCII = Buffer.from(String.raw`\u00`);

/** In `_meta` (MCP 2025-11-25, tasks): the task that a message belongs to. */
export const RELATED_TASK = 'io.modelcontextprotocol/related-task';

export type MessageKind = 'request' | 'notification' | 'result' | 'error';

/**
 * Spans in and out of the public methods are spans of the line. Private spans are spans of `#text`: the line itself, or
 * the outline of a large line, whose bytes stay in the chunks they arrived in.
 */
export class Message {
  readonly kind: MessageKind;
  readonly #text: Buffer;
  readonly #envelope: Envelope;
  /** Undefined where `#text` is the line. */
  readonly #large: Large | undefined;
  /** The original bytes of an unfit message. */
  readonly #source: Buffer | undefined;

  private constructor(text: Buffer, kind: MessageKind, envelope: Envelope, large?: Large, source?: Buffer) {
    this.kind = kind;
    this.#source = source;
    this.#text = text;
    this.#envelope = envelope;
    this.#large = large;
  }

  /** Undefined where the bytes are not exactly one JSON-RPC message. */
  static parse(bytes: Buffer): Message | undefined {
    const envelope = readEnvelope(bytes);
    if (envelope === undefined) return undefined;
    const kind = kindOf(envelope);
    return kind === undefined ? undefined : new Message(bytes, kind, envelope);
  }

  /** A message whose bytes must not be passed on (see `fitLine`): it can only be read. */
  static unfit(source: Buffer): Message | undefined {
    const text = legible(source);
    const envelope = readEnvelope(text);
    const kind = envelope === undefined ? undefined : kindOf(envelope);
    return envelope === undefined || kind === undefined
      ? undefined
      : new Message(text, kind, envelope, undefined, source);
  }

  /** As `parse`, for a large line. Undefined too where only the joined line can be parsed. */
  static ofLarge(line: LargeLine): Message | undefined {
    const outline = line.outline();
    if (outline === undefined) return undefined;
    const envelope = readEnvelope(outline.text);
    if (envelope === undefined || !isReadable(envelope, outline)) return undefined;
    const kind = kindOf(envelope);
    return kind === undefined ? undefined : new Message(outline.text, kind, envelope, { line, outline });
  }

  /** The original bytes. They differ from `bytes` for an unfit message, at the same offsets. */
  get source(): Buffer {
    return this.#source ?? this.bytes;
  }

  /** The whole line. A large line is joined, which copies it: prefer `raw`, `withEdits` and `length`. */
  get bytes(): Buffer {
    return this.#large === undefined ? this.#text : this.#large.line.bytes();
  }

  /** Of the line, in bytes. */
  get length(): number {
    return this.#large === undefined ? this.#text.length : this.#large.line.length;
  }

  /** Requests and replies; undefined for notifications and for errors whose id is null. */
  get id(): Span | undefined {
    return this.#inLine(this.#envelope.id);
  }

  /** The id is null: JSON-RPC discourages this for requests, and MCP forbids it. */
  get hasNullId(): boolean {
    return this.id === undefined && memberOf(this.bytes, { start: 0, end: this.bytes.length }, 'id') !== undefined;
  }

  /** A request whose id is neither a string nor a number. */
  get hasBadId(): boolean {
    const { id } = this.#envelope;
    // Literals, arrays and objects begin with a byte above the digits.
    return this.kind === 'request' && id !== undefined && (this.#text[id.start] ?? 0) > NINE;
  }

  /** The message says that it is of JSON-RPC 2.0. */
  get isVersion2(): boolean {
    const { version } = this.#envelope;
    return version !== undefined && this.#text[version.start] === QUOTE && keyIs(this.#text, version.start, '2.0');
  }

  /** '' for replies. */
  get method(): string {
    return this.#envelope.method ?? '';
  }

  get params(): Span | undefined {
    return this.#inLine(this.#envelope.params);
  }

  get result(): Span | undefined {
    return this.#inLine(this.#envelope.result);
  }

  get error(): Span | undefined {
    return this.#inLine(this.#envelope.error);
  }

  /** A JSON-RPC member stands in it twice, or a second time in another case: readers would understand different things. */
  get isAmbiguous(): boolean {
    return this.#envelope.isAmbiguous;
  }

  /** A reply whose id is unambiguous, even where other members are not. */
  get isClearReply(): boolean {
    const { result, error, isIdClear } = this.#envelope;
    return isIdClear && this.id !== undefined && (result !== undefined || error !== undefined);
  }

  /** The id as JSON text (`7`, `"a"`): equal ids of one sender have equal text. */
  get idText(): string {
    return String(this.idKey);
  }

  /** The id as a key of maps: a plain whole number as a number, else the JSON text. `1`, `1.0` and `"1"` are different ids. */
  get idKey(): number | string {
    const { id } = this.#envelope;
    return id === undefined ? 'null' : idKeyAt(this.#text, id);
  }

  /** The id as one of our own ids, or NaN. */
  get idNumber(): number {
    const { id } = this.#envelope;
    return id === undefined ? Number.NaN : ownIdAt(this.#text, id);
  }

  /** A member of `params`, or of the object `key` in `params`. */
  param(key: string, inner?: string): Span | undefined {
    return this.#inLine(this.#param(key, inner));
  }

  /** As `param`, for a string. */
  paramText(key: string, inner?: string): string | undefined {
    const span = this.#param(key, inner);
    return span === undefined ? undefined : this.#read(span, textAt);
  }

  /**
   * True where two members of `params`, or of the object `key` in `params`, have the same name for some reader: a server
   * must not read another name in a request's bytes than we did.
   */
  hasTwins(key?: string): boolean {
    if (key === undefined) return this.#envelope.paramMembers?.hasTwins() === true;
    const span = this.#param(key);
    return span !== undefined && MemberIndex.of(this.#text, span).hasTwins();
  }

  /** Some readers find another progress token or task in the params than we do: those of another server, perhaps. */
  get isTokenUnclear(): boolean {
    const members = this.#envelope.paramMembers;
    if (members?.isUnclear('_meta') === true) return true;
    const meta = members?.find('_meta');
    if (meta === undefined) return false;
    const inner = MemberIndex.of(this.#text, meta);
    if (inner.isUnclear('progressToken') || inner.isUnclear(RELATED_TASK)) return true;
    const related = inner.find(RELATED_TASK);
    return related !== undefined && MemberIndex.of(this.#text, related).isUnclear('taskId');
  }

  /** True where some reader finds this member in the result. */
  mayHaveResult(key: string): boolean {
    const members = this.#envelope.resultMembers;
    return members?.find(key) !== undefined || members?.isUnclear(key) === true;
  }

  /** A member of `result`. */
  resultMember(key: string): Span | undefined {
    return this.#inLine(this.#envelope.resultMembers?.find(key));
  }

  /** The JSON text of a span. */
  raw(span: Span): string {
    return this.#large === undefined ? rawAt(this.#text, span) : this.#large.line.part(span).toString();
  }

  /** The string at a span; undefined for another value. */
  text(span: Span): string | undefined {
    if (this.#large === undefined) return textAt(this.#text, span);
    const part = this.#large.line.part(span);
    return textAt(part, { start: 0, end: part.length });
  }

  /** Parsed copies, for the small messages that the gateway itself answers. */
  paramsValue(): unknown {
    const { params } = this.#envelope;
    return params === undefined ? undefined : this.#read(params, valueAt);
  }

  /** The result as the server wrote it. */
  resultText(): string {
    const { result } = this.#envelope;
    return result === undefined ? '' : this.bytes.toString('utf8', result.start, result.end);
  }

  resultValue(): unknown {
    const { result } = this.#envelope;
    return result === undefined ? undefined : this.#read(result, valueAt);
  }

  /** `data` is any value of the sender, and can be too deep for `JSON.stringify`. */
  errorValue(): { readonly code: number; readonly message: string; readonly data?: unknown } {
    const { error } = this.#envelope;
    const value = error === undefined ? undefined : this.#read(error, valueAt);
    if (!isRecord(value)) return { code: -32603, message: 'error without code or message' };
    const { code, message, data } = value;
    return {
      code: typeof code === 'number' ? code : -32603,
      message: typeof message === 'string' ? message : 'error without a message',
      ...(data === undefined ? {} : { data }),
    };
  }

  /** Whether this member of `result` is `true`. */
  isTrue(key: string): boolean {
    const span = this.#envelope.resultMembers?.find(key);
    return span !== undefined && valueAt(this.#text, span) === true;
  }

  /** The line with each edit's span replaced. */
  withEdits(edits: readonly Edit[]): Line {
    return this.#large === undefined ? new Splice(this.#text, edits) : this.#large.line.edited(edits);
  }

  /** False where no key can end in one of `ends` (closing quote included). */
  mayHaveKey(ends: readonly Buffer[]): boolean {
    return ends.some((end) => this.#text.includes(end)) || this.#text.includes(ESCAPED_ASCII);
  }

  /**
   * Edits that replace strings of the result by the JSON text that `replace` returns.
   *
   * @param find returns the spans of those strings in the given bytes. Keys and short strings are complete there, long
   * strings may be cut
   */
  resultEdits(
    find: (bytes: Buffer, result: Span) => readonly (Span | undefined)[],
    replace: (text: string) => string,
  ): readonly Edit[] {
    const { result } = this.#envelope;
    const spans = result === undefined ? [] : find(this.#text, result);
    return spans.flatMap((found) => {
      const span = this.#inLine(found);
      const text = found === undefined ? undefined : this.#read(found, textAt);
      return span === undefined || text === undefined ? [] : [{ span, text: replace(text) }];
    });
  }

  #param(key: string, inner?: string): Span | undefined {
    const span = this.#envelope.paramMembers?.find(key);
    return span === undefined || inner === undefined ? span : memberOf(this.#text, span, inner);
  }

  #inLine(span: Span | undefined): Span | undefined {
    return span === undefined || this.#large === undefined ? span : this.#large.outline.inLine(span);
  }

  #read<T>(span: Span, read: (bytes: Buffer, span: Span) => T): T {
    if (this.#large === undefined || this.#large.outline.isWhole(span)) return read(this.#text, span);
    const part = this.#large.line.part(this.#large.outline.inLine(span));
    return read(part, { start: 0, end: part.length });
  }
}

interface Large {
  readonly line: LargeLine;
  readonly outline: Outline;
}

/** Whether the outline is complete outside of params, result and error. */
function isReadable({ params, result, error }: Envelope, outline: Outline): boolean {
  let omitted = 0;
  for (const span of [params, result, error]) if (span !== undefined) omitted += outline.omittedIn(span);
  return omitted === outline.omitted;
}

function kindOf(envelope: Envelope): MessageKind | undefined {
  if (envelope.method !== undefined) return envelope.id === undefined ? 'notification' : 'request';
  if (envelope.error !== undefined) return 'error';
  return envelope.result !== undefined && envelope.id !== undefined ? 'result' : undefined;
}

const OWN_ID = /^[1-9]\d{0,14}$/u;

/** The id as one of our own ids, or NaN. Some peers return our ids as text (`"1"` for 1). */
export function ownIdAt(bytes: Buffer, id: Span): number {
  const text = textAt(bytes, id);
  if (text === undefined) return numberAt(bytes, id);
  return OWN_ID.test(text) ? Number(text) : Number.NaN;
}

/** As `Message.idKey`, for an id inside params. */
export function idKeyAt(bytes: Buffer, id: Span): number | string {
  return plainNumberAt(bytes, id) ?? rawAt(bytes, id);
}

/** Batches are small; an array of millions of elements is an attack on our memory. */
const MAX_BATCH = 10_000;

/** The elements of a batch (JSON-RPC 2.0 section 6, MCP 2025-03-26 only); undefined for anything else. */
export function parseBatch(bytes: Buffer): readonly Buffer[] | undefined {
  const items: Buffer[] = [];
  const end = walkElements(bytes, skipSpace(bytes, 0), ({ start, end: stop }) => {
    if (items.length <= MAX_BATCH) items.push(bytes.subarray(start, stop));
  });
  if (items.length > MAX_BATCH) return undefined;
  return end === -1 || skipSpace(bytes, end) !== bytes.length ? undefined : items;
}
