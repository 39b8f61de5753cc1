/** The door of a byte stream: one AI client on two streams (stdio, later a socket), one message a line. */
import type { Readable, Writable } from 'node:stream';
import { type Clock, sleep } from '../base/clock.ts';
import { AnywhereError } from '../base/errors.ts';
import { errorLine, RPC } from '../protocol/jsonrpc.ts';
import type { Message } from '../protocol/message.ts';
import { oversizedId } from '../protocol/oversized.ts';
import { MessageReader } from '../protocol/reader.ts';
import { MessageWriter } from '../protocol/writer.ts';
import type { Instance } from '../upstream/instance.ts';
import { LAST_ANSWERS_MS } from './failure.ts';

/** Whatever speaks with the client behind the door. */
export interface DoorSession {
  receive(message: Message): void;
  receiveBatch(messages: readonly Message[]): void;
  /** The client's answer to this request of ours cannot be taken. */
  failReply(id: number, error: AnywhereError): void;
  /** The client waits for an answer. */
  readonly isBusy: boolean;
  /** It is answered with this error instead. */
  giveUp(error: AnywhereError): void;
  /** What works for it now. */
  readonly instances: readonly Instance[];
}

export interface StreamDoorDeps<S extends DoorSession> {
  readonly input: Readable;
  readonly output: Writable;
  readonly maxMessageBytes: number;
  readonly open: (writer: MessageWriter) => S;
  /** Given: the end of `input` means only that no more is asked, and what was asked is answered. Left out: the client is gone. */
  readonly clock?: Clock;
}

export interface StreamDoor<S extends DoorSession> {
  readonly session: S;
  /** Resolves with the reason when the client is gone. */
  readonly ended: Promise<AnywhereError>;
}

/** A part of what one read brings: the client works on it while we see to the rest. */
const CHUNK_BYTES = 16 * 1024;
const LOOK_MS = 20;
/** A client that has left so much unread is itself read no further until it has read some. */
const MOST_UNREAD_BYTES = 1024 * 1024;

export function openStreamDoor<S extends DoorSession>(deps: StreamDoorDeps<S>): StreamDoor<S> {
  const { input, output } = deps;
  const onCongestion = (congested: boolean): void => {
    if (!congested) input.resume();
    // A client that does not read must not make us buffer: its own servers wait, and shared ones do not.
    const own = session.instances.filter(({ server }) => server.sharing === 'session');
    for (const instance of own)
      if (congested) instance.pause();
      else instance.resume();
  };
  const writer = new MessageWriter(output, onCongestion, { chunkBytes: CHUNK_BYTES });
  const session = deps.open(writer);
  const reader = readerFor(session, writer, deps.maxMessageBytes);
  input.on('data', (chunk: Buffer) => {
    reader.push(chunk);
    if (writer.congested && writer.unreadBytes > MOST_UNREAD_BYTES) input.pause();
  });
  return { session, ended: untilGone(deps, session, reader) };
}

function readerFor(session: DoorSession, writer: MessageWriter, maxMessageBytes: number): MessageReader {
  const refuse = (code: number, text: string, idText = 'null'): void => {
    writer.write(errorLine(idText, code, text));
  };
  return new MessageReader(
    {
      message: (message) => {
        session.receive(message);
      },
      batch: (messages) => {
        session.receiveBatch(messages);
      },
      noise: () => {
        refuse(RPC.parseError, 'that line is not a JSON-RPC message');
      },
      overflow: () => undefined,
      oversized: (size, head, tail) => {
        const text = `a message of ${size} bytes is over the limit of ${maxMessageBytes} bytes`;
        const whose = oversizedId(head, tail);
        if (whose?.isReply === true)
          session.failReply(Number(whose.idText), new AnywhereError('MESSAGE_TOO_LARGE', text));
        else refuse(RPC.invalidRequest, text, whose?.idText);
      },
    },
    maxMessageBytes,
  );
}

function untilGone(
  { input, output, clock }: StreamDoorDeps<DoorSession>,
  session: DoorSession,
  reader: MessageReader,
): Promise<AnywhereError> {
  return new Promise((resolve) => {
    const gone = (why: string): void => {
      resolve(new AnywhereError('CANCELLED', why));
    };
    const closed = (): void => {
      gone('the client closed its end');
    };
    let hasEnded = false;
    input.on('end', () => {
      hasEnded = true;
      reader.end();
      if (clock === undefined) closed();
      else void allAnswered(session, clock).then(closed);
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

/** Never rejects. */
async function allAnswered(session: DoorSession, clock: Clock): Promise<void> {
  const untilMs = clock.monotonic() + LAST_ANSWERS_MS;
  while (session.isBusy && clock.monotonic() < untilMs) await sleep(clock, LOOK_MS);
  if (!session.isBusy) return;
  session.giveUp(answeredTooLate());
  // Its last words are on their way.
  await sleep(clock, LOOK_MS);
}

function answeredTooLate(): AnywhereError {
  const text = `outcome unknown: no answer came within ${LAST_ANSWERS_MS / 1000} s of the end of the input`;
  return new AnywhereError('OUTCOME_UNKNOWN', text);
}
