/**
 * One JSON-RPC 2.0 message as the bytes it came in, with the spans of what the gateway looks at.
 *
 * https://www.jsonrpc.org/specification; MCP adds that ids are strings or numbers, never null.
 */
import { type Envelope, readEnvelope } from './envelope.ts';
import { legible } from './fit-line.ts';
import {
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

/** How a letter of a key is written that is not written plainly. */
const ESCAPED_ASCII = Buffer.from(String.raw`\u00`);

const NINE = 0x39;

export type MessageKind = 'request' | 'notification' | 'result' | 'error';

/**
 * All spans that it gives or takes are of its line, which a large one keeps in the chunks that it came in. Inside, the
 * spans are those of the text that was walked: the line, or a large one's outline.
 */
export class Message {
  readonly kind: MessageKind;
  readonly #text: Buffer;
  readonly #envelope: Envelope;
  /** Undefined where the text is the line. */
  readonly #large: Large | undefined;
  /** As it came: see `unfit`. */
  readonly #source: Buffer | undefined;

  private constructor(text: Buffer, kind: MessageKind, envelope: Envelope, large?: Large, source?: Buffer) {
    this.kind = kind;
    this.#source = source;
    this.#text = text;
    this.#envelope = envelope;
    this.#large = large;
  }

  /** Undefined where the bytes are not one JSON-RPC message. */
  static parse(bytes: Buffer): Message | undefined {
    const envelope = readEnvelope(bytes);
    if (envelope === undefined) return undefined;
    const kind = kindOf(envelope);
    return kind === undefined ? undefined : new Message(bytes, kind, envelope);
  }

  /** One whose bytes must not be handed on (see `fitLine`); only what it was meant to be can be read. */
  static unfit(source: Buffer): Message | undefined {
    const text = legible(source);
    const envelope = readEnvelope(text);
    const kind = envelope === undefined ? undefined : kindOf(envelope);
    return envelope === undefined || kind === undefined
      ? undefined
      : new Message(text, kind, envelope, undefined, source);
  }

  /** The same of a large line. Undefined too where its bytes have to be put together to say. */
  static ofLarge(line: LargeLine): Message | undefined {
    const outline = line.outline();
    if (outline === undefined) return undefined;
    const envelope = readEnvelope(outline.text);
    if (envelope === undefined || !isReadable(envelope, outline)) return undefined;
    const kind = kindOf(envelope);
    return kind === undefined ? undefined : new Message(outline.text, kind, envelope, { line, outline });
  }

  /** The bytes that came: of an unfit message they are not `bytes`, but stand in the same places. */
  get source(): Buffer {
    return this.#source ?? this.bytes;
  }

  /** Its whole line. Of a large one it is put together, at the price of its size: see `raw`, `withEdits` and `length`. */
  get bytes(): Buffer {
    return this.#large === undefined ? this.#text : this.#large.line.bytes();
  }

  /** Of its line, in bytes. */
  get length(): number {
    return this.#large === undefined ? this.#text.length : this.#large.line.length;
  }

  /** Requests and replies; undefined for notifications and for errors whose id is null. */
  get id(): Span | undefined {
    return this.#inLine(this.#envelope.id);
  }

  /** It has an id, and that is null: which JSON-RPC discourages for requests, and MCP forbids. */
  get hasNullId(): boolean {
    return this.id === undefined && memberOf(this.bytes, { start: 0, end: this.bytes.length }, 'id') !== undefined;
  }

  /** A request whose id is neither a string nor a number. */
  get hasBadId(): boolean {
    const { id } = this.#envelope;
    // Whatever else JSON has begins with a byte behind the digits.
    return this.kind === 'request' && id !== undefined && (this.#text[id.start] ?? 0) > NINE;
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

  /** A member that JSON-RPC knows stands there twice, or in another case: readers would differ on what is meant. */
  get isAmbiguous(): boolean {
    return this.#envelope.isAmbiguous;
  }

  /** It says whose answer it is, in one way only, though it may be ambiguous in others. */
  get isClearReply(): boolean {
    const { result, error, isIdClear } = this.#envelope;
    return isIdClear && this.id !== undefined && (result !== undefined || error !== undefined);
  }

  /** The id as its JSON text (`7`, `"a"`): equal ids have equal text for one sender. */
  get idText(): string {
    return String(this.idKey);
  }

  /** The id as what requests are kept by: plain whole numbers, which nearly all are, as numbers; `1.0` and `"1"` are other ids than `1`. */
  get idKey(): number | string {
    const { id } = this.#envelope;
    return id === undefined ? 'null' : idKeyAt(this.#text, id);
  }

  /** The id as one of ours. */
  get idNumber(): number {
    const { id } = this.#envelope;
    return id === undefined ? Number.NaN : ownIdAt(this.#text, id);
  }

  /** A member of `params`, or a member of that. */
  param(key: string, inner?: string): Span | undefined {
    return this.#inLine(this.#param(key, inner));
  }

  /** The same where it is a string. */
  paramText(key: string, inner?: string): string | undefined {
    const span = this.#param(key, inner);
    return span === undefined ? undefined : this.#read(span, textAt);
  }

  /**
   * True where two members of `params`, or of the object at `key` in it, have the same name to some
   * reader: a server must not be able to read another name in a request's bytes than we did.
   */
  hasTwins(key?: string): boolean {
    if (key === undefined) return this.#envelope.paramMembers?.hasTwins() === true;
    const span = this.#param(key);
    return span !== undefined && MemberIndex.of(this.#text, span).hasTwins();
  }

  /** Some reader finds another progress token in its params than we do, which then would stand among those that we give out. */
  get isTokenUnclear(): boolean {
    const members = this.#envelope.paramMembers;
    if (members?.isUnclear('_meta') === true) return true;
    const meta = members?.find('_meta');
    return meta !== undefined && MemberIndex.of(this.#text, meta).isUnclear('progressToken');
  }

  /** A member of `result`. */
  resultMember(key: string): Span | undefined {
    return this.#inLine(this.#envelope.resultMembers?.find(key));
  }

  /** What stands at a span, as JSON text. */
  raw(span: Span): string {
    return this.#large === undefined ? rawAt(this.#text, span) : this.#large.line.part(span).toString();
  }

  /** The string that stands at a span; undefined where it is none. */
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

  resultValue(): unknown {
    const { result } = this.#envelope;
    return result === undefined ? undefined : this.#read(result, valueAt);
  }

  errorValue(): { readonly code: number; readonly message: string; readonly data?: unknown } {
    const { error } = this.#envelope;
    const value = error === undefined ? undefined : this.#read(error, valueAt);
    if (typeof value === 'object' && value !== null && 'code' in value && 'message' in value)
      return value as { code: number; message: string; data?: unknown };
    return { code: -32603, message: 'error without code or message' };
  }

  /** True for a `true` at this member of `result`. */
  isTrue(key: string): boolean {
    const span = this.#envelope.resultMembers?.find(key);
    return span !== undefined && valueAt(this.#text, span) === true;
  }

  /** Its line with each edit's span replaced. */
  withEdits(edits: readonly Edit[]): Line {
    return this.#large === undefined ? new Splice(this.#text, edits) : this.#large.line.edited(edits);
  }

  /** False where surely no key in it ends in `end`, the closing quote included. */
  mayHaveKey(end: Buffer): boolean {
    return this.#text.includes(end) || this.#text.includes(ESCAPED_ASCII);
  }

  /**
   * Edits that put what `replace` says (JSON text) in the place of strings of the result.
   *
   * @param find the spans of those strings, in the bytes and the result it is given. It may look at keys and short strings;
   * of long ones it may see the beginning only
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

/** All that an outline lacks is inside of what is handed on: ids, methods and the like are read. */
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

/** What stands there as one of our own ids, which some peers return as text (`"1"` for 1); else NaN. */
export function ownIdAt(bytes: Buffer, id: Span): number {
  const text = textAt(bytes, id);
  if (text === undefined) return numberAt(bytes, id);
  return OWN_ID.test(text) ? Number(text) : Number.NaN;
}

/** As `Message.idKey`, of an id that stands in params. */
export function idKeyAt(bytes: Buffer, id: Span): number | string {
  return plainNumberAt(bytes, id) ?? rawAt(bytes, id);
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
