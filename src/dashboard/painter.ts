/**
 * What Ink writes to instead of the terminal: whole frames in, and out only what differs from the last one.
 *
 * Ink's own output clears rows before it writes them again, and at full height the whole screen, which flickers.
 */
import { Writable } from 'node:stream';
import { rowUpdate } from './cells.ts';

export interface Screen {
  readonly columns: number;
  readonly rows: number;
  write(text: string): boolean;
  once(event: 'drain', listener: () => void): unknown;
}

/** DEC private mode 2026: a terminal that knows it shows the frame at once. */
const BEGIN = '\u001B[?2026h';
const END = '\u001B[?2026l';
const CLEAR = '\u001B[0m\u001B[2J';

export class Painter extends Writable {
  readonly #screen: Screen;
  readonly #rowsOf: (frame: string) => readonly string[];
  /** Undefined: unknown, as after a resize. */
  #shown: readonly string[] | undefined;
  #frame: readonly string[] | undefined;
  #isBlocked = false;

  /** @param rowsOf the rows of a frame as it was written */
  constructor(screen: Screen, rowsOf: (frame: string) => readonly string[] = (frame) => frame.split('\n')) {
    super({ decodeStrings: false });
    this.#screen = screen;
    this.#rowsOf = rowsOf;
  }

  /** Ink lays out for these. */
  get columns(): number {
    return this.#screen.columns;
  }

  get rows(): number {
    return this.#screen.rows;
  }

  /** Whatever the terminal showed is gone or moved: the next frame is painted whole. */
  forget(): void {
    this.#shown = undefined;
  }

  /** The last frame again, for a terminal that somebody else has written to. */
  repaint(): void {
    this.forget();
    this.#paint();
  }

  override _write(frame: unknown, _encoding: BufferEncoding, done: () => void): void {
    if (typeof frame === 'string') {
      this.#frame = this.#rowsOf(frame);
      this.#paint();
    }
    done();
  }

  #paint(): void {
    if (this.#isBlocked || this.#frame === undefined) return;
    const rows = this.#frame.slice(0, this.#screen.rows);
    const update = this.#update(rows);
    this.#shown = rows;
    if (update === '') return;
    // A slow terminal gets the newest frame when it can take one, not all of them.
    if (!this.#screen.write(BEGIN + update + END)) this.#awaitDrain();
  }

  #update(rows: readonly string[]): string {
    const before = this.#shown;
    if (before === undefined) return CLEAR + rows.map((row, index) => rowUpdate(index, undefined, row)).join('');
    const height = Math.max(rows.length, before.length);
    let update = '';
    for (let index = 0; index < height; index += 1) {
      const row = rows[index] ?? '';
      if (row !== (before[index] ?? '')) update += rowUpdate(index, before[index], row);
    }
    return update;
  }

  #awaitDrain(): void {
    this.#isBlocked = true;
    this.#screen.once('drain', () => {
      this.#isBlocked = false;
      this.#paint();
    });
  }
}
