/**
 * The bytes between the AI client's stdio and the daemon's socket, both ways, no faster than they are read.
 *
 * While no daemon is there, what the client says waits; another daemon is first told what stood before.
 */
import type { Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import type { CancelTimer, Clock } from '../base/clock.ts';
import type { AnywhereError } from '../base/errors.ts';
import { LAST_ANSWERS_MS } from '../downstream/failure.ts';
import { Conversation } from './conversation.ts';
import { LineGate } from './line-gate.ts';

export interface RelayEvents {
  /** The client wants something, and no daemon is there. */
  readonly asked: () => void;
  /** The client is gone, or has closed its end and got all its answers. */
  readonly left: () => void;
  /** The daemon has been told what stood before: everything flows. */
  readonly flowing: () => void;
  /** The connection ended. `isIdle`: nobody waits for it; `isOrderly`: the daemon had said so before. */
  readonly lost: (end: { readonly isIdle: boolean; readonly isOrderly: boolean }) => void;
}

export interface RelayDeps extends RelayEvents {
  readonly input: Readable;
  readonly output: Writable;
  readonly clock: Clock;
}

/** A client that has left so much unread, of what we say ourselves too, is read no further until it has read some. */
const MOST_UNREAD_BYTES = 1024 * 1024;
/** What waits for the next daemon while one drains; with more, the client is read no further. */
const MAX_HELD_BYTES = 1024 * 1024;

export class Relay {
  readonly #deps: RelayDeps;
  readonly #conversation: Conversation;
  readonly #clientGate: LineGate;
  readonly #daemonGate: LineGate;
  /** Of the client, to the daemon. */
  readonly #outlet: Outlet;
  #socket: Socket | undefined;
  #isFlowing = false;
  #isFresh = true;
  #hasLeft = false;
  /** It asks nothing more. */
  #hasFinished = false;
  #cancelLimit: CancelTimer = () => undefined;
  /** To be sent once our initialize is answered. */
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

  /** Somebody waits for an answer, or cannot say more before a daemon is there. */
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

  /** A daemon that has answered the hello. */
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

  /** Everybody who waits is told why; what was to be sent is not. */
  fail(error: AnywhereError): void {
    if (this.#clientGate.isMidLine) this.#clientGate.cutOff();
    this.#outlet.clear();
    this.#conversation.fail(error);
    this.#leaveIfAnswered();
  }

  /** Nothing more comes from the client; what the daemon has still to say is passed on. */
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
    // An open stdin would keep the process alive.
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

  /** A daemon on its way out is left with its last answer: then it has carried out all that it was sent, and told us so. */
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
    // Half a line is of no use to the client.
    this.#daemonGate.reset();
    const isOrderly = this.#conversation.isLeaving;
    if (!this.#hasLeft) this.#tellOfLoss(wasFlowing);
    for (const line of this.#conversation.takeHeld()) this.#outlet.write(line);
    this.#deps.lost({ isIdle: this.#conversation.waiting === 0, isOrderly });
    this.#leaveIfAnswered();
  }

  #tellOfLoss(wasFlowing: boolean): void {
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
/** What waits for a daemon, at most. */
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
    // It may have stopped reading before it went.
    this.#input.resume();
  }

  /** What waits is not sent. */
  clear(): void {
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#input.resume();
  }
}
