/** A program on a machine: a channel without the launcher's preamble. */
import { Readable, type Writable } from 'node:stream';
import type { AnywhereError, ErrorPlace } from '../base/errors.ts';
import type { Channel, ChannelEnd, Launch } from '../launch/contract.ts';
import { launchError, neverLaunched } from '../launch/exit.ts';
import { PREAMBLE_LIMITS, type Preamble, PreambleReader } from '../launch/preamble.ts';
import type { LaunchedChannel, Started } from './contract.ts';

interface LaunchedDeps {
  readonly channel: Channel;
  readonly nonce: string;
  readonly launch: Launch;
  readonly place: ErrorPlace;
  /** Called once, before `started` resolves; undefined where the session ended without the launcher. */
  readonly onPreamble: (preamble: Preamble | undefined) => void;
  /** We closed the channel: the rest of the launch on the machine must end. */
  readonly onClose: () => void;
}

const { bytes, lines, lineBytes } = PREAMBLE_LIMITS;
const FLOODED = `its start files printed more than ${bytes} bytes, ${lines} lines or ${lineBytes} bytes in one line`;

export class Launched implements LaunchedChannel {
  readonly output: ProgramOutput;
  /** Resolves after `started`, so that the preamble and a failure are known. */
  readonly ended: Promise<ChannelEnd>;
  readonly started: Promise<Started | undefined>;
  readonly #deps: LaunchedDeps;
  #failure: AnywhereError | undefined;
  #flood: AnywhereError | undefined;
  #noise: readonly string[] | undefined;
  #closed = false;

  constructor(deps: LaunchedDeps) {
    this.#deps = deps;
    const { promise, resolve } = withResolvers<Started | undefined>();
    this.started = promise;
    this.output = new ProgramOutput(deps.channel.output, deps.nonce, {
      onPreamble: (preamble, noise) => {
        this.#noise = noise;
        deps.onPreamble(preamble);
        resolve(this.#startedBy(preamble));
      },
      onFlood: () => {
        this.#flood = neverLaunched(deps.place, [], FLOODED);
        this.#failure = this.#flood;
        this.close();
      },
    });
    this.ended = deps.channel.ended.then((end) => this.#endOf(end, promise));
  }

  get input(): Writable {
    return this.#deps.channel.input;
  }

  get errors(): Readable {
    return this.#deps.channel.errors;
  }

  get dead(): boolean {
    return this.#deps.channel.dead;
  }

  get failure(): AnywhereError | undefined {
    return this.#failure;
  }

  get noise(): readonly string[] {
    return this.#noise ?? this.output.noise;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#deps.channel.close();
    this.#deps.onClose();
  }

  async #endOf(end: ChannelEnd, started: Promise<unknown>): Promise<ChannelEnd> {
    if (this.#flood !== undefined) return { kind: 'lost', cause: this.#flood };
    if (end.kind === 'exited') await started;
    return end;
  }

  #startedBy(preamble: Preamble | undefined): Started | undefined {
    if (preamble === undefined) {
      this.#failure = neverLaunched(this.#deps.place);
      return undefined;
    }
    const { end } = preamble;
    if (end.kind === 'ready') return { pid: end.pid };
    this.#failure = launchError(end.kind, this.#deps.launch, this.#deps.place);
    return undefined;
  }
}

/** The program of a forced-command host: there is no launcher, and every byte is the program's. */
export function subsystemProgram(channel: Channel): LaunchedChannel {
  return {
    input: channel.input,
    output: channel.output,
    errors: channel.errors,
    ended: channel.ended,
    get dead() {
      return channel.dead;
    },
    started: Promise.resolve(undefined),
    failure: undefined,
    noise: [],
    close: () => {
      channel.close();
    },
  };
}

function withResolvers<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

export interface ProgramOutputEvents {
  /** Called once; undefined where the channel ended without a preamble, or brought too much before one. */
  readonly onPreamble: (preamble: Preamble | undefined, noise: readonly string[]) => void;
  /** Called after `onPreamble` where the channel brought too much; the caller closes the channel. */
  readonly onFlood?: () => void;
}

/** The program's stdout: the bytes of a channel after the preamble. Pauses of the reader reach the channel. */
export class ProgramOutput extends Readable {
  readonly #source: Readable;
  readonly #reader: PreambleReader;
  readonly #events: ProgramOutputEvents;
  #begun = false;

  constructor(source: Readable, nonce: string, events: ProgramOutputEvents) {
    super({ highWaterMark: 1024 * 1024 });
    this.#source = source;
    this.#reader = new PreambleReader(nonce);
    this.#events = events;
    source.on('data', (chunk: Buffer) => {
      this.#take(chunk);
    });
    source.once('end', () => {
      this.#end();
    });
    source.once('close', () => {
      this.#end();
    });
    source.once('error', () => {
      this.#end();
    });
  }

  /** Output of start files so far. */
  get noise(): readonly string[] {
    return this.#reader.noise();
  }

  override _read(): void {
    this.#source.resume();
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.#begin(undefined);
    // Unread output would keep the ssh channel open.
    this.#source.resume();
    callback(error);
  }

  #take(chunk: Buffer): void {
    if (this.destroyed) return;
    const bytes = this.#begun ? chunk : this.#preamble(chunk);
    if (bytes.length > 0 && !this.push(bytes)) this.#source.pause();
  }

  /** The program's part of a chunk. */
  #preamble(chunk: Buffer): Buffer {
    const preamble = this.#reader.push(chunk);
    if (this.#reader.isOver) this.#giveUp();
    if (preamble === undefined) return Buffer.alloc(0);
    this.#begin(preamble);
    return preamble.rest;
  }

  #giveUp(): void {
    this.#begin(undefined);
    this.#events.onFlood?.();
    this.destroy();
  }

  #begin(preamble: Preamble | undefined): void {
    if (this.#begun) return;
    this.#begun = true;
    this.#events.onPreamble(preamble, preamble?.noise ?? this.#reader.noise());
  }

  #end(): void {
    this.#begin(undefined);
    if (!this.destroyed && !this.readableEnded) this.push(null);
  }
}
