/** One end of the control API: JSON-RPC 2.0 in both directions over a stream of bytes, one JSON text a line. */
import type { Duplex } from 'node:stream';
import type { Clock } from '../base/clock.ts';
import { AnywhereError, asAnywhereError, type ErrorReport, errorOf, reportOf } from '../base/errors.ts';
import { Scope } from '../base/scope.ts';
import { readFairly } from '../protocol/fair-reading.ts';
import type { Message } from '../protocol/message.ts';
import { Peer } from '../protocol/peer.ts';
import { MessageReader } from '../protocol/reader.ts';
import { MessageWriter } from '../protocol/writer.ts';

export interface ControlHandlers {
  readonly request: (method: string, params: unknown, signal: AbortSignal) => Promise<unknown>;
  readonly notification: (method: string, params: unknown) => void;
  /** Told of defects: a request that failed with INTERNAL, and a message that could not be written. */
  readonly defect?: (error: AnywhereError) => void;
}

/** A line may carry the result of a tool. */
export const MAX_LINE_BYTES = 256 * 1024 * 1024;

/** While the other side has more unread bytes, we read nothing from it. */
const MOST_UNREAD_BYTES = 8 * 1024 * 1024;
const APPLICATION_ERROR = -32000;

export class ControlConnection {
  /** Resolves when the other side has ended, or we have closed. Never rejects. */
  readonly ended: Promise<void>;
  readonly #stream: Duplex;
  readonly #handlers: ControlHandlers;
  readonly #writer: MessageWriter;
  readonly #peer: Peer;
  /** The failure of a request is its reply, so that no error is left to report. */
  readonly #scope = new Scope(() => undefined);
  readonly #serving = new Map<unknown, AbortController>();

  /** Takes the stream over. A line that is too long or not a JSON-RPC message ends the connection. */
  constructor(stream: Duplex, handlers: ControlHandlers, clock: Clock) {
    this.#stream = stream;
    this.#handlers = handlers;
    const resume = (congested: boolean): void => {
      if (!congested) stream.resume();
    };
    // Each message is written at once, so that no message waits here when the stream ends.
    this.#writer = new MessageWriter(stream, resume, { chunkBytes: 0 });
    this.#peer = new Peer(
      this.#writer,
      {
        request: (message) => {
          this.#scope.run(this.#serve(message));
        },
        notification: (message) => {
          this.#notified(message);
        },
        stray: () => undefined,
      },
      clock,
    );
    this.#read();
    this.ended = new Promise((resolve) => {
      stream.on('close', () => {
        this.#end();
        resolve();
      });
    });
  }

  /** The other side waits for an answer. */
  get isServing(): boolean {
    return this.#serving.size > 0;
  }

  /** The sent bytes that the other side has not read. */
  get backlog(): number {
    return this.#writer.unreadBytes;
  }

  /** Rejects with the AnywhereError of the other side. Aborting the signal cancels the work there. */
  async request(method: string, params: unknown, signal?: AbortSignal): Promise<unknown> {
    if (!this.#stream.writable) throw gone();
    const options = { timeoutMs: Number.POSITIVE_INFINITY, signal };
    const reply = await this.#peer.request(method, jsonText(params), options);
    if (reply.kind !== 'error') return reply.resultValue();
    const { message, data } = reply.errorValue();
    throw errorOf({ ...(data as ErrorReport), message });
  }

  /** Never throws, because the sender of an event must not end by it: a defect is told and the message is lost. */
  notify(method: string, params: unknown): void {
    if (!this.#stream.writable) return;
    try {
      this.#peer.notify(method, jsonText(params));
    } catch (thrown) {
      this.#handlers.defect?.(asAnywhereError(thrown));
    }
  }

  /** The messages of `work` leave in one write. */
  together(work: () => void): void {
    this.#stream.cork();
    try {
      work();
    } finally {
      this.#stream.uncork();
    }
  }

  /** Messages sent before are still delivered. */
  close(): void {
    this.#stream.end();
    this.#writer.close();
  }

  #read(): void {
    const stream = this.#stream;
    const end = (): void => {
      stream.destroy();
    };
    const reader = new MessageReader(
      {
        message: (message) => {
          this.#peer.receive(message);
        },
        ...{ batch: end, refused: end, noise: end, overflow: end },
        oversized: () => undefined,
      },
      MAX_LINE_BYTES,
    );
    stream.on('error', () => undefined);
    readFairly(stream, reader, this.#writer, MOST_UNREAD_BYTES);
    stream.on('end', () => stream.end());
  }

  #notified(message: Message): void {
    const params = message.paramsValue();
    if (message.method !== 'notifications/cancelled') this.#handlers.notification(message.method, params);
    else
      this.#serving
        .get((params as { requestId?: unknown } | null | undefined)?.requestId)
        ?.abort(new AnywhereError('CANCELLED', 'cancelled by the caller'));
  }

  async #serve(request: Message): Promise<void> {
    const controller = new AbortController();
    const id = request.idKey;
    this.#serving.set(id, controller);
    try {
      const result = await this.#handlers.request(request.method, request.paramsValue(), controller.signal);
      if (this.#stream.writable) this.#peer.reply(request, jsonText(result ?? {}));
    } catch (thrown) {
      const error = asAnywhereError(thrown);
      if (error.code === 'INTERNAL') this.#handlers.defect?.(error);
      if (this.#stream.writable) this.#peer.replyError(request, APPLICATION_ERROR, error.message, reportOf(error));
    } finally {
      this.#serving.delete(id);
    }
  }

  #end(): void {
    this.#peer.close(gone());
    for (const controller of this.#serving.values()) controller.abort(gone());
  }
}

/** `JSON.stringify` is recursive: a value that is nested thousands of levels deep exhausts the stack. */
function jsonText(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch (cause) {
    throw new AnywhereError('INTERNAL', `a message of the control API cannot be written as JSON: ${String(cause)}`, {
      cause,
    });
  }
}

function gone(): AnywhereError {
  return new AnywhereError('NO_DAEMON', 'the gateway this command talked to has ended');
}
