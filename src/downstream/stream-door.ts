/** The door of a byte stream: one AI client on stdio or a socket, one message a line. */
import type { Readable, Writable } from 'node:stream';
import { type Clock, sleep } from '../base/clock.ts';
import { AnywhereError } from '../base/errors.ts';
import { readFairly } from '../protocol/fair-reading.ts';
import { skipSpace, skipValue } from '../protocol/json-scan.ts';
import { errorLine, RPC } from '../protocol/jsonrpc.ts';
import { type Message, parseBatch } from '../protocol/message.ts';
import { BATCH_VERSION } from '../protocol/methods.ts';
import type { Peer } from '../protocol/peer.ts';
import { MessageReader, oversizedId, type RefusalReason } from '../protocol/reader.ts';
import type { Pieces } from '../protocol/splice.ts';
import { MessageWriter } from '../protocol/writer.ts';
import type { Instance } from '../upstream/instance.ts';
import { LAST_ANSWERS_MS } from './failure.ts';

/** The client's session behind the door. */
export interface DoorSession {
  /** Gets the client's messages. */
  readonly peer: Peer;
  /** The client negotiated a version with batches. */
  readonly takesBatches: boolean;
  /** The client waits for an answer. */
  readonly isBusy: boolean;
  /** Answers all pending requests with this error. */
  giveUp(error: AnywhereError): void;
  /** The live instances of this client. */
  readonly instances: readonly Instance[];
}

export interface StreamDoorDeps<S extends DoorSession> {
  readonly input: Readable;
  readonly output: Writable;
  readonly maxMessageBytes: number;
  readonly open: (writer: MessageWriter) => S;
  /** Given: at the end of `input`, pending requests are still answered. Left out: the end of `input` means that the client is gone. */
  readonly clock?: Clock;
}

export interface StreamDoor<S extends DoorSession> {
  readonly session: S;
  /** Resolves with the reason when the client is gone. */
  readonly ended: Promise<AnywhereError>;
}

/** Answers are written in chunks: the client can work on one chunk while the next is made. */
const CHUNK_BYTES = 16 * 1024;
const POLL_MS = 20;
/** Reading from a client pauses while the client has more than this to read. */
const MOST_UNREAD_BYTES = 1024 * 1024;

export function openStreamDoor<S extends DoorSession>(deps: StreamDoorDeps<S>): StreamDoor<S> {
  const { input, output } = deps;
  const onCongestion = (congested: boolean): void => {
    if (!congested) input.resume();
    // Bounds our buffer for a client that does not read: its own servers wait. Shared servers go on for other clients.
    const own = session.instances.filter(({ server }) => server.sharing === 'session');
    for (const instance of own) instance.setPaused('client', congested);
  };
  const writer = new MessageWriter(output, onCongestion, { chunkBytes: CHUNK_BYTES });
  const session = deps.open(writer);
  const reader = readerFor(session, writer, deps.maxMessageBytes);
  readFairly(input, reader, writer, MOST_UNREAD_BYTES);
  return { session, ended: clientGone(deps, session, reader) };
}

const NO_MESSAGE = 'not a JSON-RPC message';
const NO_BATCHES = `only clients that negotiated ${BATCH_VERSION} may send batches`;
const BAD_ID = 'the id of a request must be a string or a number';
const BAD_VERSION = 'the message has no "jsonrpc": "2.0"';
const REFUSED = {
  unfit: 'the line holds control bytes, or is not UTF-8',
  ambiguous: 'the message is ambiguous: a member stands in it twice, or a second time in another case',
} as const;

function readerFor(session: DoorSession, writer: MessageWriter, maxMessageBytes: number): MessageReader {
  const refuse = (code: number, text: string, idText = 'null'): void => {
    writer.write(errorLine(idText, code, text));
  };
  const refused = (message: Message, why: RefusalReason): Pieces | undefined => {
    if (message.isClearReply) session.peer.fail(message.idNumber, new AnywhereError('CANCELLED', REFUSED[why]));
    else if (message.kind === 'request' || why === 'unfit')
      return errorLine(message.idText, why === 'unfit' ? RPC.parseError : RPC.invalidRequest, REFUSED[why]);
    return undefined;
  };
  return new MessageReader(
    {
      message: (message) => {
        const refusal = refusalOf(message);
        if (refusal === undefined) session.peer.receive(message);
        else writer.write(refusal);
      },
      batch: (batch) => {
        const messages = batch.messages.filter((message) => refusalOf(message) === undefined);
        const refusals = [
          ...Array.from({ length: batch.invalid }, noRequest),
          ...batch.messages.map(refusalOf).filter((line) => line !== undefined),
          ...batch.refused.map((message) => refused(message, batch.why)).filter((line) => line !== undefined),
        ];
        if (session.takesBatches) session.peer.receiveBatch(messages, refusals);
        else refuse(RPC.invalidRequest, NO_BATCHES);
      },
      refused: (message, why) => {
        const line = refused(message, why);
        if (line !== undefined) writer.write(line);
      },
      noise: (line) => {
        const elements = session.takesBatches ? (parseBatch(line) ?? []) : [];
        if (elements.length > 0) session.peer.receiveBatch([], elements.map(noRequest));
        else refuse(isJson(line) ? RPC.invalidRequest : RPC.parseError, NO_MESSAGE);
      },
      overflow: () => undefined,
      oversized: (size, head, tail) => {
        const text = `a message of ${size} bytes is over the limit of ${maxMessageBytes} bytes`;
        const whose = oversizedId(head, tail);
        if (whose?.isReply === true) session.peer.fail(whose.ownId, new AnywhereError('MESSAGE_TOO_LARGE', text));
        else refuse(RPC.invalidRequest, text, whose?.idText);
      },
    },
    maxMessageBytes,
  );
}

/** The answer to a request that JSON-RPC 2.0 does not allow. Replies and notifications of clients are taken leniently. */
function refusalOf(message: Message): Pieces | undefined {
  if (message.kind !== 'request') return undefined;
  if (message.hasBadId) return errorLine('null', RPC.invalidRequest, BAD_ID);
  return message.isVersion2 ? undefined : errorLine(message.idText, RPC.invalidRequest, BAD_VERSION);
}

function noRequest(): Pieces {
  return errorLine('null', RPC.invalidRequest, NO_MESSAGE);
}

function isJson(line: Buffer): boolean {
  const end = skipValue(line, skipSpace(line, 0));
  return end !== -1 && skipSpace(line, end) === line.length;
}

function clientGone(
  { input, output, clock }: StreamDoorDeps<DoorSession>,
  session: DoorSession,
  reader: MessageReader,
): Promise<AnywhereError> {
  return new Promise((resolve) => {
    const gone = (why: string): void => {
      resolve(new AnywhereError('CANCELLED', why));
    };
    const closed = (): void => {
      gone('the client closed its output');
    };
    let hasEnded = false;
    input.on('end', () => {
      hasEnded = true;
      reader.end();
      if (clock === undefined) closed();
      else allAnswered(session, clock).then(closed, closed);
    });
    input.on('error', () => {
      gone('reading from the client failed');
    });
    input.on('close', () => {
      if (!hasEnded) gone('the client is gone');
    });
    output.on('error', () => {
      gone('writing to the client failed');
    });
  });
}

/** Waits for the last answers. Never rejects. */
async function allAnswered(session: DoorSession, clock: Clock): Promise<void> {
  const untilMs = clock.monotonic() + LAST_ANSWERS_MS;
  while (session.isBusy && clock.monotonic() < untilMs) await sleep(clock, POLL_MS);
  if (!session.isBusy) return;
  session.giveUp(answeredTooLate());
  // Time to write the error.
  await sleep(clock, POLL_MS);
}

function answeredTooLate(): AnywhereError {
  const text = `outcome unknown: no answer came within ${LAST_ANSWERS_MS / 1000} s of the end of the input`;
  return new AnywhereError('OUTCOME_UNKNOWN', text);
}
