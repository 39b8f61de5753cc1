/**
 * The terminal as Ink sees it: Ink writes whole frames, and the painter writes the rows that changed.
 *
 * Ink's own output (`incrementalRendering`) clears the whole screen for every frame of full height, and costs twice
 * the processor time at 50 busy hosts, since Ink lays out every character of every row.
 */
import { Writable } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { isSimple } from '../model/text.ts';

export interface Screen {
  readonly columns: number;
  readonly rows: number;
  write(text: string): boolean;
  once(event: 'drain', listener: () => void): unknown;
}

/** DEC private mode 2026: a terminal that supports it shows the frame at once. */
const BEGIN = '\u001B[?2026h';
const END = '\u001B[?2026l';
const CLEAR = '\u001B[0m\u001B[2J';
const RESET = '\u001B[0m';
const ERASE_REST = '\u001B[K';

export class Painter extends Writable {
  readonly #screen: Screen;
  readonly #marks: RowMarks;
  /** Undefined if unknown, as after a resize. */
  #shown: readonly string[] | undefined;
  #frame: readonly string[] | undefined;
  #isBlocked = false;

  constructor(screen: Screen, marks: RowMarks) {
    super({ decodeStrings: false });
    this.#screen = screen;
    this.#marks = marks;
  }

  /** Ink lays out for this size. */
  get columns(): number {
    return this.#screen.columns;
  }

  get rows(): number {
    return this.#screen.rows;
  }

  /** The terminal no longer shows the last frame: the next one is painted whole. */
  forget(): void {
    this.#shown = undefined;
  }

  /** The last frame again, after another program wrote to the terminal. */
  repaint(): void {
    this.forget();
    this.#paint();
  }

  override _write(frame: unknown, _encoding: BufferEncoding, done: () => void): void {
    if (typeof frame === 'string') {
      this.#frame = this.#marks.rowsOf(frame);
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
    // A slow terminal gets the newest frame when it is ready, and skips the others.
    if (!this.#screen.write(BEGIN + update + END)) this.#awaitDrain();
  }

  #update(rows: readonly string[]): string {
    const before = this.#shown;
    const height = Math.max(rows.length, before?.length ?? 0);
    let update = before === undefined ? CLEAR : '';
    for (let index = 0; index < height; index += 1) {
      const row = rows[index] ?? '';
      if (row !== before?.[index]) update += rowUpdate(index, row, this.#screen.columns);
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

/**
 * Erases the rest of a row behind its text only if the cursor is past the text for certain. After the last column
 * it still stands in that column (tmux, xterm), and the erasure would take the last character.
 */
function rowUpdate(index: number, row: string, columns: number): string {
  const start = `\u001B[${index + 1}H`;
  const text = stripVTControlCharacters(row);
  if (!isSimple(text)) return `${start}${ERASE_REST}${row}${RESET}`;
  return `${start}${row}${RESET}${text.length < columns ? ERASE_REST : ''}`;
}

/** Private use (Unicode, plane 15): no program's text has these characters. */
const FIRST_MARK = 0xf0000;
const MARK_COUNT = 0xffff;
/** Rows that are kept although the last frame did not have them. */
const MAX_ROWS = 4000;

/**
 * One character for each row. Laying out and comparing full rows character by character is most of the cost of
 * Ink's frame. So Ink gets one character for a row, and the painter writes the row.
 */
export class RowMarks {
  readonly #rows = new Map<string, string>();
  readonly #marks = new Map<string, string>();
  #last = 0;

  markOf(row: string): string {
    const known = this.#marks.get(row);
    if (known !== undefined) return known;
    const mark = this.#freeMark();
    this.#marks.set(row, mark);
    this.#rows.set(mark, row);
    return mark;
  }

  /** The rows of a frame of marks. */
  rowsOf(frame: string): readonly string[] {
    const marks = frame.split('\n');
    const rows = marks.map((mark) => this.#rows.get(mark) ?? mark);
    if (this.#rows.size > MAX_ROWS) this.#keepOnly(new Set(marks));
    return rows;
  }

  #freeMark(): string {
    do this.#last = (this.#last + 1) % MARK_COUNT;
    while (this.#rows.has(String.fromCodePoint(FIRST_MARK + this.#last)));
    return String.fromCodePoint(FIRST_MARK + this.#last);
  }

  #keepOnly(seen: ReadonlySet<string>): void {
    for (const [mark, row] of this.#rows) {
      if (seen.has(mark)) continue;
      this.#rows.delete(mark);
      this.#marks.delete(row);
    }
  }
}
