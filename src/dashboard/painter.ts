/**
 * The terminal that Ink writes to: Ink writes whole frames, and the painter writes only the changed rows.
 *
 * Ink's own output (`incrementalRendering`) clears the screen for every frame of full height. At 50 busy hosts it needs
 * twice the processor time, because Ink lays out every character of every row.
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

/** DEC private mode 2026: the terminal shows a frame at once. */
const BEGIN = '\u001B[?2026h';
const END = '\u001B[?2026l';
const CLEAR = '\u001B[0m\u001B[2J';
const RESET = '\u001B[0m';
const ERASE_REST = '\u001B[K';

export class Painter extends Writable {
  readonly #screen: Screen;
  readonly #marks: RowMarks;
  /** The rows on the screen; undefined if unknown, as after a resize. */
  #shown: readonly string[] | undefined;
  #frame: readonly string[] | undefined;
  #isBlocked = false;

  constructor(screen: Screen, marks: RowMarks) {
    super({ decodeStrings: false });
    this.#screen = screen;
    this.#marks = marks;
  }

  /** The size for Ink's layout. */
  get columns(): number {
    return this.#screen.columns;
  }

  get rows(): number {
    return this.#screen.rows;
  }

  /** The terminal no longer shows the last frame, so the next one is painted whole. */
  forget(): void {
    this.#shown = undefined;
  }

  /** Paints the last frame again, after another program wrote to the terminal. */
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
    // A slow terminal skips frames, and gets the newest one when it is ready.
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
 * Erases the rest of a row only if the cursor is certainly behind the text. After a write to the last column the cursor
 * still stands in that column (tmux, xterm), and the erasure would remove the last character.
 */
function rowUpdate(index: number, row: string, columns: number): string {
  const start = `\u001B[${index + 1}H`;
  const text = stripVTControlCharacters(row);
  if (!isSimple(text)) return `${start}${ERASE_REST}${row}${RESET}`;
  return `${start}${row}${RESET}${text.length < columns ? ERASE_REST : ''}`;
}

/** Characters for private use (Unicode, plane 15), which no text contains. */
const FIRST_MARK = 0xf0000;
const MARK_COUNT = 0xffff;
/** With more rows, those that the last frame did not have are dropped. */
const MAX_ROWS = 4000;

/**
 * One character for each row. Ink spends most of a frame on laying out and comparing rows character by character. So Ink
 * gets one character for a row, and the painter writes the row itself.
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
