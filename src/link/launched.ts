/** A program on a machine: a channel whose launcher's preamble has been taken off. */
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
  /** Once, before `started` resolves; undefined: it ended without a word of the launcher. */
  readonly onPreamble: (preamble: Preamble | undefined) => void;
  /** We closed it: what is left of it there must go. */
  readonly onClose: () => void;
}

const { bytes, lines, lineBytes } = PREAMBLE_LIMITS;
const FLOODED = `its start files printed more than ${bytes} bytes, ${lines} lines or ${lineBytes} bytes in one line`;

export class Launched implements LaunchedChannel {
  readonly output: ProgramOutput;
  /** Not before `started`: what the machine said and why nothing started are known then. */
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
    if (end.kind === 'ready') return { pid: end.pid, sshdPid: end.sshdPid };
    this.#failure = launchError(end.kind, this.#deps.launch, this.#deps.place);
    return undefined;
  }
}

/** A forced-command host's own program: nothing was launched, every byte is its own. */
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
  /** Once: the preamble, or undefined when the channel ended without one, or brought too much instead of one. */
  readonly onPreamble: (preamble: Preamble | undefined, noise: readonly string[]) => void;
  /** After that: it was too much. The channel is to be closed. */
  readonly onFlood?: () => void;
}

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

  /** What start files have printed so far. */
  get noise(): readonly string[] {
    return this.#reader.noise();
  }

  override _read(): void {
    this.#source.resume();
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.#begin(undefined);
    // Unread output would keep an ssh channel from closing.
    this.#source.resume();
    callback(error);
  }

  #take(chunk: Buffer): void {
    if (this.destroyed) return;
    const bytes = this.#begun ? chunk : this.#preamble(chunk);
    if (bytes.length > 0 && !this.push(bytes)) this.#source.pause();
  }

  /** The program's bytes of a chunk; none before the preamble ended. */
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
