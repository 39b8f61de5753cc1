/**
 * From a peer's output to messages. Text that real servers print beside the protocol is kept as noise. Messages in an odd
 * form (BOM, ANSI prefix, CRLF, pretty-printed) are understood.
 */
import { CLOSE_BRACE, OPEN_BRACE, OPEN_BRACKET } from '../base/ascii.ts';
import { fitLine, legible } from './fit-line.ts';
import { LineFramer } from './framer.ts';
import { skipSpace } from './json-scan.ts';
import type { LargeLine } from './large-line.ts';
import { Message, ownIdAt, parseBatch } from './message.ts';

export type RefusalReason = 'unfit' | 'ambiguous';

export interface BatchParts {
  readonly messages: readonly Message[];
  /** Messages of the batch that are not passed on. */
  readonly refused: readonly Message[];
  readonly why: RefusalReason;
  /** How many elements of the batch are not messages. */
  readonly invalid: number;
}

export interface MessageSink {
  message(message: Message): void;
  /** A JSON-RPC batch; where batches are not wanted, handle its messages one by one. */
  batch(batch: BatchParts): void;
  /**
   * A message that is not passed on. `unfit`: its bytes must not be sent on (see `fitLine`). `ambiguous`: two readers could
   * understand two things.
   */
  refused(message: Message, why: RefusalReason): void;
  /** A line that is not a message. */
  noise(line: Buffer): void;
  overflow(): void;
  oversized(size: number, head: Buffer, tail: Buffer): void;
}

/** The memory of a held line beside its bytes: millions of short lines must not exceed the cap. */
const HELD_LINE_BYTES = 128;
const MESSAGE_START = Buffer.from('{"jsonrpc"');

export class MessageReader {
  readonly #sink: MessageSink;
  readonly #framer: LineFramer;
  /** Lines of a possible pretty-printed message, until its closing brace. */
  #open: Buffer[] = [];
  #openBytes = 0;

  constructor(sink: MessageSink, maxBytes: number) {
    this.#sink = sink;
    this.#framer = new LineFramer(
      {
        line: (bytes) => {
          this.#line(bytes);
        },
        large: (line) => {
          this.#largeLine(line);
        },
        overflow: () => {
          sink.overflow();
        },
        oversized: (size, head, tail) => {
          sink.oversized(size, head, tail);
        },
      },
      maxBytes,
    );
  }

  /** @param maxBytes longest message from now on */
  limit(maxBytes: number): void {
    this.#framer.maxBytes = maxBytes;
  }

  push(chunk: Buffer): void {
    this.#framer.push(chunk);
  }

  end(): void {
    this.#framer.end();
    this.#giveUpOpen();
  }

  #line(bytes: Buffer): void {
    const isUsual = bytes.length > 0 && bytes[0] === OPEN_BRACE && this.#open.length === 0;
    if (!isUsual || !this.#take(bytes)) this.#unusualLine(bytes);
  }

  #largeLine(line: LargeLine): void {
    const message = this.#open.length === 0 ? Message.ofLarge(line) : undefined;
    if (message !== undefined) this.#give(message);
    else this.#line(line.bytes());
  }

  /** False where the line is not a message. */
  #take(bytes: Buffer): boolean {
    const fit = fitLine(bytes);
    const message = fit === undefined ? Message.unfit(bytes) : Message.parse(fit);
    if (message === undefined) return false;
    if (fit === undefined) this.#sink.refused(message, 'unfit');
    else this.#give(message);
    return true;
  }

  #give(message: Message): void {
    if (isAmbiguous(message)) this.#sink.refused(message, 'ambiguous');
    else this.#sink.message(message);
  }

  #unusualLine(line: Buffer): void {
    const bytes = withoutPrefix(line);
    if (bytes.length === 0) return;
    if (this.#tryMessage(bytes) || this.#tryBatch(bytes)) return;
    if (this.#open.length > 0) this.#continueOpen(bytes, line[0] === CLOSE_BRACE);
    else if (opensMessage(bytes)) this.#hold(bytes);
    else if (!this.#tryBehindNoise(bytes)) this.#sink.noise(line);
  }

  #tryMessage(bytes: Buffer): boolean {
    if (bytes[0] !== OPEN_BRACE || Message.unfit(bytes) === undefined) return false;
    this.#giveUpOpen();
    return this.#take(bytes);
  }

  #tryBatch(bytes: Buffer): boolean {
    if (bytes[0] !== OPEN_BRACKET || this.#open.length > 0) return false;
    const fit = fitLine(bytes);
    const items = parseBatch(fit ?? legible(bytes)) ?? [];
    const messages = items.flatMap((item) => Message.parse(item) ?? []);
    if (messages.length === 0) return false;
    const isGood = (message: Message): boolean => fit !== undefined && !isAmbiguous(message);
    this.#sink.batch({
      messages: messages.filter(isGood),
      refused: messages.filter((message) => !isGood(message)),
      why: fit === undefined ? 'unfit' : 'ambiguous',
      invalid: items.length - messages.length,
    });
    return true;
  }

  /** `Loading…{"jsonrpc":…}`: a prompt printed without a newline must not cost the message behind it. */
  #tryBehindNoise(bytes: Buffer): boolean {
    const start = bytes.indexOf(MESSAGE_START);
    if (start <= 0) return false;
    if (Message.unfit(bytes.subarray(start)) === undefined) return false;
    this.#sink.noise(bytes.subarray(0, start));
    return this.#take(bytes.subarray(start));
  }

  #hold(bytes: Buffer): void {
    this.#open.push(bytes);
    this.#openBytes += bytes.length + HELD_LINE_BYTES;
  }

  /** Only a brace in the first column can close the message, so the lines are parsed once and not after every line. */
  #continueOpen(bytes: Buffer, closes: boolean): void {
    this.#hold(bytes);
    if (this.#openBytes > this.#framer.maxBytes) this.#giveUpOpen();
    else if (closes) this.#closeOpen();
  }

  #closeOpen(): void {
    // MCP forbids newlines inside a message, so the parts are handed on as one line.
    if (!this.#take(joinLines(this.#open))) {
      this.#giveUpOpen();
      return;
    }
    this.#open = [];
    this.#openBytes = 0;
  }

  #giveUpOpen(): void {
    const lines = this.#open;
    this.#open = [];
    this.#openBytes = 0;
    for (const line of lines) this.#sink.noise(line);
  }
}

/** Also params that are passed on unread. */
function isAmbiguous(message: Message): boolean {
  return message.isAmbiguous || message.isTokenUnclear || (message.kind === 'notification' && message.hasTwins());
}

function opensMessage(bytes: Buffer): boolean {
  return bytes[0] === OPEN_BRACE && skipSpace(bytes, 1) === bytes.length;
}

function joinLines(lines: readonly Buffer[]): Buffer {
  const space = Buffer.from(' ');
  return Buffer.concat(lines.flatMap((line) => [line, space]));
}

/** CSI sequences and white space at the end of a line: a coloured message is closed by a reset. */
const COLOUR_BEHIND = /(?:\u001B\[[0-?]*[ -/]*[@-~]|[\t\r ])+$/u;
const LONGEST_COLOUR = 64;

/** Without a byte order mark, ANSI escape sequences and white space around it. */
function withoutPrefix(line: Buffer): Buffer {
  let start = 0;
  for (;;) {
    const next = skipAnsi(line, skipSpace(line, skipByteOrderMark(line, start)));
    if (next === start) break;
    start = next;
  }
  const behind = COLOUR_BEHIND.exec(line.toString('latin1', Math.max(start, line.length - LONGEST_COLOUR)));
  return line.subarray(start, line.length - (behind?.[0].length ?? 0));
}

function skipByteOrderMark(line: Buffer, from: number): number {
  return line[from] === 0xef && line[from + 1] === 0xbb && line[from + 2] === 0xbf ? from + 3 : from;
}

/** CSI sequences end with a byte from 0x40 to 0x7e (ECMA-48, 5.4). */
function skipAnsi(line: Buffer, from: number): number {
  if (line[from] !== 0x1b || line[from + 1] !== OPEN_BRACKET) return from;
  let at = from + 2;
  while (at < line.length && !isCsiEnd(line[at] ?? 0)) at += 1;
  return Math.min(at + 1, line.length);
}

function isCsiEnd(byte: number): boolean {
  return byte >= 0x40 && byte <= 0x7e;
}

const ID = String.raw`"id"\s*:\s*(\d+|"(?:[^"\\\x00-\x1f]|\\.)*")`;
const VERSION = String.raw`"jsonrpc"\s*:\s*"2\.0"`;
const START = new RegExp(
  String.raw`^\s*\{\s*(?:${VERSION}\s*,\s*)?(?:${ID}\s*,\s*)?(?:"(result|error)"|"method"\s*:\s*"[^"]*"\s*,\s*(?:${ID})?)`,
  'u',
);
const END = new RegExp(String.raw`,\s*${ID}\s*(?:,\s*${VERSION}\s*)?\}\s*$`, 'u');

/** The id of a message that was too large to keep. */
export interface OversizedId {
  /** A reply answers a request of ours; a request or notification is the other side's own. */
  readonly isReply: boolean;
  /** As JSON text. */
  readonly idText: string;
  /** The id as one of ours, or NaN. */
  readonly ownId: number;
}

/** Finds the id of an oversized message in its ends: every serializer writes the id near one of them. */
export function oversizedId(head: Buffer, tail: Buffer): OversizedId | undefined {
  const [start, idFirst, reply, idBehindMethod] = START.exec(head.toString('latin1')) ?? [];
  if (start === undefined) return undefined;
  const idText = idFirst ?? idBehindMethod ?? END.exec(tail.toString('latin1'))?.[1];
  if (idText === undefined) return undefined;
  const bytes = Buffer.from(idText, 'latin1');
  const ownId = ownIdAt(bytes, { start: 0, end: bytes.length });
  return { isReply: reply !== undefined, idText: bytes.toString('utf8'), ownId };
}
