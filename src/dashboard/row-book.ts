/**
 * Rows under one character each. Ink lays out and compares what it draws character by character, over and over;
 * for full-width rows that is nearly all that a frame costs. So Ink is given one character for a row, and the painter
 * writes the row that it stands for.
 */

/** Private use (Unicode, plane 15): no text of anybody's has these. */
const FIRST = 0xf0000;
const COUNT = 0xffff;
/** Rows that are kept though the last frame did not have them. */
const MAX_ROWS = 4000;

export class RowBook {
  readonly #texts = new Map<string, string>();
  readonly #marks = new Map<string, string>();
  #last = 0;

  /** The character that stands for the row. */
  markOf(text: string): string {
    const known = this.#marks.get(text);
    if (known !== undefined) return known;
    const mark = this.#freeMark();
    this.#marks.set(text, mark);
    this.#texts.set(mark, text);
    return mark;
  }

  /** A frame of characters as rows. */
  rowsOf(frame: string): readonly string[] {
    const marks = frame.split('\n');
    const rows = marks.map((mark) => this.#texts.get(mark) ?? mark);
    if (this.#texts.size > MAX_ROWS) this.#keepOnly(new Set(marks));
    return rows;
  }

  #freeMark(): string {
    do this.#last = (this.#last + 1) % COUNT;
    while (this.#texts.has(String.fromCodePoint(FIRST + this.#last)));
    return String.fromCodePoint(FIRST + this.#last);
  }

  #keepOnly(seen: ReadonlySet<string>): void {
    for (const [mark, text] of this.#texts) {
      if (seen.has(mark)) continue;
      this.#texts.delete(mark);
      this.#marks.delete(text);
    }
  }
}
