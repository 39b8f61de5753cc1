/**
 * What the shim knows about the conversation that passes through it: enough to continue with another daemon. While the
 * first daemon lives, the shim only reads along and changes nothing.
 */
import { OPEN_BRACKET } from '../base/ascii.ts';
import type { Clock } from '../base/clock.ts';
import { AnywhereError } from '../base/errors.ts';
import { DRAINING_LINE } from '../daemon/hello.ts';
import { rawAt } from '../protocol/json-scan.ts';
import { Message, parseBatch } from '../protocol/message.ts';
import { BATCH_VERSION } from '../protocol/methods.ts';
import { oversizedId } from '../protocol/reader.ts';
import { Splice } from '../protocol/splice.ts';
import { Holdback } from './holdback.ts';
import type { LineWatcher, Verdict } from './line-gate.ts';
import { failureLine, isRepeatable, outcomeUnknown, Pending, Standing, type Waiting } from './pending.ts';
import { ServerRequests } from './server-requests.ts';

/** The prefix of our own ids. An id of the client cannot look like this by chance. */
const REPLAY_PREFIX = 'mcp-anywhere:replay:';
const REPLAY_START = Buffer.from(`"${REPLAY_PREFIX}`);
const METHOD = /"method"\s*:\s*"([^"\\]*)"/;
const LINE_END = Buffer.from('\n');
const DRAINING = Buffer.from(DRAINING_LINE);

/** The first messages to another daemon. */
export interface Replay {
  /** Must be answered before the rest is sent. Undefined while the client has no answer to its own initialize. */
  readonly initialize: Buffer | undefined;
  /** Sent after the answer to `initialize`. */
  readonly rest: readonly Buffer[];
}

export interface ConversationDeps {
  readonly clock: Clock;
  /** Another daemon answered our initialize. `isAccepted`: with a result. */
  readonly onReplayed: (isAccepted: boolean) => void;
  /** Sends a line of the shim itself to the client. */
  readonly tell: (line: Buffer) => void;
}

export class Conversation {
  readonly #deps: ConversationDeps;
  readonly #pending = new Pending();
  /** The client asked for the version of MCP that has batches. */
  #takesBatches = false;
  readonly #standing = new Standing();
  readonly #serverRequests = new ServerRequests();
  readonly #holdback = new Holdback();
  /** Requests to a daemon that is gone, which are safe to send again. */
  #again: readonly Waiting[] = [];
  #replays = 0;
  #initializeId = '';

  constructor(deps: ConversationDeps) {
    this.#deps = deps;
  }

  /** The number of client requests without a reply. */
  get waiting(): number {
    return this.#pending.size;
  }

  /** The daemon drains, and we are still connected to it. */
  get isDraining(): boolean {
    return this.#holdback.isDraining;
  }

  /** The daemon drains, or we have already left it. */
  get isLeaving(): boolean {
    return this.#holdback.isOn;
  }

  /** Another daemon could give every answer that is still missing. */
  get isSettled(): boolean {
    return !this.#pending.hasUnrepeatable;
  }

  /** The bytes that wait for the next daemon. */
  get heldBytes(): number {
    return this.#holdback.bytes;
  }

  readonly client: LineWatcher = {
    line: (bytes) => (this.#holdback.isOn && this.#isKept(bytes) ? 'drop' : this.#fromClientLine(bytes)),
    long: (head) => {
      const isReply = this.#serverRequests.rewrites && oversizedStart(head) === 'reply';
      return isReply || this.#holdback.isOn ? 'gather' : 'pass';
    },
    longEnded: (head, tail, isCut) => {
      this.#longFromClient(head, tail, isCut);
    },
  };

  readonly daemon: LineWatcher = {
    line: (bytes) => this.#each(bytes, (message) => this.#fromDaemon(message)) ?? this.#controlLine(bytes),
    long: (head) => (this.#serverRequests.rewrites && oversizedStart(head) === 'method' ? 'gather' : 'hold'),
    longEnded: (head, tail) => {
      const whose = oversizedId(head, tail);
      if (whose?.isReply === true) this.#pending.settle(whose.idText);
    },
  };

  /** Our end of the connection is closed, so nothing more reaches this daemon. */
  left(): void {
    this.#holdback.leave();
  }

  /** The daemon is gone. Returns the held lines with their newlines. From now on they wait for the next daemon. */
  takeHeld(): readonly Buffer[] {
    const lines = this.#holdback.take();
    for (const line of lines) this.#fromClientLine(line);
    return lines.map(asLine);
  }

  /** The client closed its end. Held requests are never sent, and are answered with an error. */
  dropHeld(): void {
    const error = new AnywhereError(
      'NO_DAEMON',
      'not carried out, because the client left while the daemon was ending',
    );
    for (const line of this.#holdback.take()) {
      const message = Message.parse(line);
      if (message?.kind === 'request') this.#deps.tell(failureLine(message, error));
    }
  }

  /** The daemon is gone. Pending requests are sent again where that is safe; the others fail. */
  lost(): void {
    this.#dropServerRequests();
    this.#again = this.#pending.take(({ line }) => line !== undefined);
    const nowMs = this.#deps.clock.monotonic();
    for (const waiting of this.#pending.take(() => true))
      this.#deps.tell(failureLine(waiting, outcomeUnknown(waiting, nowMs)));
    for (const waiting of this.#again) this.#pending.add(waiting);
  }

  /** The client closed its end and no longer waits for its last answers. */
  giveUp(): void {
    const nowMs = this.#deps.clock.monotonic();
    for (const waiting of this.#pending.take(() => true))
      this.#deps.tell(failureLine(waiting, outcomeUnknown(waiting, nowMs, 'the client had closed its end')));
  }

  /** The daemon is gone during the replay. Requests that were not sent yet still wait for a daemon. */
  lostInReplay(): void {
    this.#dropServerRequests();
  }

  /** No daemon can answer. Every pending request fails with `error`. */
  fail(error: AnywhereError): void {
    this.#again = [];
    for (const waiting of this.#pending.take(() => true)) this.#deps.tell(failureLine(waiting, error));
  }

  replay(): Replay {
    const { initialize, initialized, requests } = this.#standing;
    const again = this.#again.filter(({ idText }) => this.#pending.has(idText)).flatMap(({ line }) => line ?? []);
    if (initialize === undefined) return { initialize: undefined, rest: again.map(asLine) };
    const first = this.#withOwnId(initialize);
    this.#initializeId = Message.parse(first)?.idText ?? '';
    const behind = [
      ...(initialized === undefined ? [] : [initialized]),
      ...requests.map((one) => this.#withOwnId(one)),
    ];
    return { initialize: asLine(first), rest: [...behind, ...again].map(asLine) };
  }

  /** The replay has ended. */
  resumed(): void {
    this.#again = [];
    for (const line of this.#standing.listChanged) this.#deps.tell(line);
  }

  #dropServerRequests(): void {
    this.#initializeId = '';
    for (const line of this.#serverRequests.lost()) this.#deps.tell(line);
  }

  #withOwnId(line: Buffer): Buffer {
    const id = Message.parse(line)?.id;
    if (id === undefined) return line;
    this.#replays += 1;
    const text = `"${REPLAY_PREFIX}${this.#replays}"`;
    return Buffer.concat(new Splice(line, [{ span: id, text }]).pieces);
  }

  /** Undefined if the line is not a single message. */
  #each(bytes: Buffer, look: (message: Message) => Verdict): Verdict | undefined {
    const message = Message.parse(bytes);
    if (message !== undefined) return look(message);
    // The messages of a batch are noted, and its bytes always pass. A batch that the version forbids gets one error without ids.
    if (this.#takesBatches) for (const inner of batchOf(bytes)) look(inner);
    return undefined;
  }

  #fromClientLine(bytes: Buffer): Verdict {
    return this.#each(bytes, (message) => this.#fromClient(message)) ?? 'pass';
  }

  #controlLine(bytes: Buffer): Verdict {
    if (!bytes.equals(DRAINING)) return 'pass';
    this.#holdback.begin();
    return 'drop';
  }

  /** True if the line waits for the next daemon, because this one drains. */
  #isKept(bytes: Buffer): boolean {
    const message = Message.parse(bytes);
    if (message === undefined) return this.#isBatchKept(bytes);
    const isKept = this.#holdback.keeps(message);
    if (isKept && message.kind === 'notification') this.#standing.notified(message);
    return isKept;
  }

  #isBatchKept(bytes: Buffer): boolean {
    const isKept = !this.#holdback.isDraining || batchOf(bytes).some(({ kind }) => kind === 'request');
    if (isKept) this.#holdback.keep(bytes);
    return isKept;
  }

  #fromClient(message: Message): Verdict {
    switch (message.kind) {
      case 'request':
        // The answer to a bad id carries no id.
        if (!message.hasBadId) this.#pending.add(this.#waitingFor(message));
        if (message.method === 'initialize')
          this.#takesBatches = message.paramText('protocolVersion') === BATCH_VERSION;
        return 'pass';
      case 'notification':
        this.#notified(message);
        return 'pass';
      default:
        return this.#serverRequests.answered(message);
    }
  }

  #waitingFor(request: Message): Waiting {
    const { idText, method } = request;
    return {
      idText,
      method,
      tool: method === 'tools/call' ? request.paramText('name') : undefined,
      sinceMs: this.#deps.clock.monotonic(),
      line: isRepeatable(method) ? Buffer.from(request.bytes) : undefined,
    };
  }

  #notified(notification: Message): void {
    this.#standing.notified(notification);
    const cancelled = notification.method === 'notifications/cancelled' ? notification.param('requestId') : undefined;
    // A request that was cancelled gets no reply (MCP, utilities/cancellation).
    if (cancelled !== undefined) this.#pending.settle(rawAt(notification.bytes, cancelled));
  }

  #longFromClient(head: Buffer, tail: Buffer, isCut: boolean): void {
    const whose = oversizedId(head, tail);
    if (whose === undefined) return;
    const { idText } = whose;
    if (whose.isReply) {
      this.#serverRequests.answeredLong(idText);
      return;
    }
    const method = METHOD.exec(head.toString('latin1'))?.[1] ?? '';
    const sinceMs = this.#deps.clock.monotonic();
    const waiting = { idText, method, tool: undefined, sinceMs, line: undefined };
    if (isCut) this.#deps.tell(failureLine(waiting, outcomeUnknown(waiting, sinceMs)));
    else this.#pending.add(waiting);
  }

  #fromDaemon(message: Message): Verdict {
    switch (message.kind) {
      case 'request':
        return this.#serverRequests.asked(message);
      case 'notification':
        return message.method === 'notifications/cancelled' ? this.#serverRequests.cancelled(message) : 'pass';
      default:
        return this.#replied(message);
    }
  }

  #replied(reply: Message): Verdict {
    if (isOurs(reply)) {
      if (reply.idText === this.#initializeId) this.#deps.onReplayed(reply.kind === 'result');
      return 'drop';
    }
    const waiting = this.#pending.settle(reply.idText);
    if (waiting?.line !== undefined && reply.kind === 'result') this.#standing.granted(waiting);
    return 'pass';
  }
}

function batchOf(bytes: Buffer): readonly Message[] {
  const items = bytes.includes(OPEN_BRACKET) ? (parseBatch(bytes) ?? []) : [];
  return items.flatMap((item) => Message.parse(item) ?? []);
}

/** Compares bytes, because most replies are not ours and need no string. */
function isOurs({ bytes, id }: Message): boolean {
  return id !== undefined && bytes.subarray(id.start, id.start + REPLAY_START.length).equals(REPLAY_START);
}

function oversizedStart(head: Buffer): 'reply' | 'method' | undefined {
  const member = /"(?:(method)|(?:result|error))"\s*:/.exec(head.toString('latin1'));
  if (member === null) return undefined;
  return member[1] === undefined ? 'reply' : 'method';
}

function asLine(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, LINE_END]);
}
