/** The program's own stdout: the bytes of a channel after the launcher's preamble. The reader's pauses reach the channel. */
import { Readable } from 'node:stream';
import { type Preamble, PreambleReader } from '../launch/preamble.ts';

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
