/**
 * Relays bytes between the AI client's stdio and the daemon's socket in both directions, with backpressure.
 *
 * Without a daemon the bytes of the client wait. Another daemon first gets a replay of what still stands.
 */
import type { Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import type { CancelTimer, Clock } from '../base/clock.ts';
import type { AnywhereError } from '../base/errors.ts';
import { LAST_ANSWERS_MS } from '../downstream/failure.ts';
import { Conversation } from './conversation.ts';
import { LineGate } from './line-gate.ts';

export interface RelayEvents {
  /** The client sent a request while there is no daemon. */
  readonly asked: () => void;
  /** The client is gone, or has closed its end and has all its answers. */
  readonly left: () => void;
  /** The replay has ended, and everything flows. */
  readonly flowing: () => void;
  /** The connection ended. `isIdle`: no request is pending. `isOrderly`: the daemon announced its end. */
  readonly lost: (end: { readonly isIdle: boolean; readonly isOrderly: boolean }) => void;
}

export interface RelayDeps extends RelayEvents {
  readonly input: Readable;
  readonly output: Writable;
  readonly clock: Clock;
}

/** A client with more unread output is not read any further until it has read some. */
const MOST_UNREAD_BYTES = 1024 * 1024;
/** With more held bytes while a daemon drains, the client is not read any further. */
const MAX_HELD_BYTES = 1024 * 1024;

export class Relay {
  readonly #deps: RelayDeps;
  readonly #conversation: Conversation;
  readonly #clientGate: LineGate;
  readonly #daemonGate: LineGate;
  /** From the client to the daemon. */
  readonly #outlet: Outlet;
  #socket: Socket | undefined;
  #isFlowing = false;
  #isFresh = true;
  #hasLeft = false;
  /** The client has closed its end. */
  #hasFinished = false;
  #cancelLimit: CancelTimer = () => undefined;
  /** Sent after our initialize is answered. */
  #rest: readonly Buffer[] = [];

  constructor(deps: RelayDeps) {
    this.#deps = deps;
    this.#outlet = new Outlet(deps.input);
    this.#conversation = new Conversation({
      clock: deps.clock,
      onReplayed: (isAccepted) => {
        this.#replayed(isAccepted);
      },
      tell: (line) => {
        this.#toClient(line);
      },
    });
    this.#clientGate = new LineGate(this.#conversation.client, (bytes) => {
      this.#outlet.write(bytes);
    });
    this.#daemonGate = new LineGate(this.#conversation.daemon, (bytes) => {
      this.#toClient(bytes);
    });
  }

  /** A request is pending, or the client cannot send more without a daemon. */
  get isWanted(): boolean {
    return this.#conversation.waiting > 0 || this.#outlet.isFull;
  }

  start(): void {
    const { input, output } = this.#deps;
    input.on('data', (chunk: Buffer) => {
      this.#clientGate.push(chunk);
      if (this.#conversation.isDraining) this.#drained();
      if (this.#conversation.heldBytes > MAX_HELD_BYTES || output.writableLength > MOST_UNREAD_BYTES) input.pause();
      if (this.#socket === undefined && this.isWanted) this.#deps.asked();
    });
    input.on('end', () => {
      this.#finish();
    });
    for (const event of ['close', 'error'])
      input.on(event, () => {
        if (!this.#hasFinished) this.#deps.left();
      });
    output.on('error', this.#deps.left);
    output.on('drain', () => {
      this.#socket?.resume();
      input.resume();
    });
  }

  /** @param socket a daemon that has answered the hello */
  attach(socket: Socket): void {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#daemonGate.push(chunk);
      if (this.#conversation.isDraining) this.#drained();
      this.#leaveIfAnswered();
    });
    socket.on('close', () => {
      this.#lost();
    });
    if (this.#isFresh) this.#flow();
    else this.#replay(socket);
  }

  /** Pending requests fail with `error`, and waiting bytes are dropped. */
  fail(error: AnywhereError): void {
    if (this.#clientGate.isMidLine) this.#clientGate.cutOff();
    this.#outlet.clear();
    this.#conversation.fail(error);
    this.#leaveIfAnswered();
  }

  /** Nothing more comes from the client. The last output of the daemon still passes. */
  leave(): void {
    this.#hasLeft = true;
    this.#cancelLimit();
    this.#conversation.dropHeld();
    this.#socket?.end();
  }

  close(): void {
    this.#hasLeft = true;
    this.#cancelLimit();
    this.#socket?.destroy();
    // An open stdin would keep this process alive.
    this.#deps.input.destroy();
  }

  #finish(): void {
    this.#hasFinished = true;
    this.#clientGate.end();
    if (this.#socket === undefined && this.isWanted) this.#deps.asked();
    this.#cancelLimit = this.#deps.clock.after(LAST_ANSWERS_MS, () => {
      this.#conversation.giveUp();
      this.#deps.left();
    });
    this.#leaveIfAnswered();
  }

  #leaveIfAnswered(): void {
    const { waiting, heldBytes } = this.#conversation;
    if (this.#hasFinished && !this.#hasLeft && waiting === 0 && heldBytes === 0) this.#deps.left();
  }

  #flow(): void {
    this.#isFresh = false;
    this.#isFlowing = true;
    if (this.#socket !== undefined) this.#outlet.open(this.#socket);
    this.#deps.flowing();
    if (this.#conversation.isDraining) this.#drained();
  }

  /** Leaves a draining daemon after its last answer. Then the daemon has carried out everything that was sent to it. */
  #drained(): void {
    if (!this.#isFlowing || !this.#conversation.isSettled || this.#clientGate.isMidLine) return;
    this.#conversation.left();
    this.#socket?.end();
  }

  #replay(socket: Socket): void {
    const { initialize, rest } = this.#conversation.replay();
    this.#rest = rest;
    if (initialize === undefined) this.#replayed(true);
    else socket.write(initialize);
  }

  #replayed(isAccepted: boolean): void {
    const socket = this.#socket;
    if (socket === undefined) return;
    if (!isAccepted) {
      socket.destroy();
      return;
    }
    for (const line of this.#rest) socket.write(line);
    this.#rest = [];
    this.#flow();
    this.#conversation.resumed();
  }

  #lost(): void {
    const wasFlowing = this.#isFlowing;
    this.#socket = undefined;
    this.#isFlowing = false;
    this.#outlet.shut();
    // The client must not get half a line.
    this.#daemonGate.reset();
    const isOrderly = this.#conversation.isLeaving;
    if (!this.#hasLeft) this.#reportLoss(wasFlowing);
    for (const line of this.#conversation.takeHeld()) this.#outlet.write(line);
    this.#deps.lost({ isIdle: this.#conversation.waiting === 0, isOrderly });
    this.#leaveIfAnswered();
  }

  #reportLoss(wasFlowing: boolean): void {
    if (wasFlowing) {
      this.#clientGate.cutOff();
      this.#conversation.lost();
    } else this.#conversation.lostInReplay();
  }

  #toClient(bytes: Buffer): void {
    if (!this.#deps.output.write(bytes)) this.#socket?.pause();
  }
}

/** From the AI client to the current daemon. Without a daemon the bytes wait here; when too many wait, the client does. */
/** With more waiting bytes, the client is not read any further. */
const MAX_WAITING_BYTES = 1024 * 1024;

class Outlet {
  readonly #input: Readable;
  #socket: Socket | undefined;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;

  constructor(input: Readable) {
    this.#input = input;
  }

  get isFull(): boolean {
    return this.#waitingBytes > MAX_WAITING_BYTES;
  }

  write(bytes: Buffer): void {
    if (this.#socket !== undefined) {
      if (!this.#socket.write(bytes)) this.#input.pause();
      return;
    }
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    if (this.isFull) this.#input.pause();
  }

  open(socket: Socket): void {
    this.#socket = socket;
    socket.on('drain', () => {
      if (this.#socket === socket) this.#input.resume();
    });
    for (const bytes of this.#waiting) socket.write(bytes);
    this.clear();
    if (socket.writableNeedDrain) this.#input.pause();
  }

  /** The daemon is gone. */
  shut(): void {
    this.#socket = undefined;
    // The daemon may have stopped reading before its end.
    this.#input.resume();
  }

  /** Drops the waiting bytes. */
  clear(): void {
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#input.resume();
  }
}
