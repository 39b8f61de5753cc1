import xterm from '@xterm/headless';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Painter, RowMarks } from '../../../src/dashboard/painter.ts';

const COLUMNS = 40;
const ROWS = 8;

/** A terminal that keeps what was written, and can say that it is full. */
class Screen {
  columns = COLUMNS;
  rows = ROWS;
  written: string[] = [];
  isFull = false;
  #onDrain: (() => void) | undefined;

  write(text: string): boolean {
    this.written.push(text);
    return !this.isFull;
  }

  once(_event: 'drain', listener: () => void): void {
    this.#onDrain = listener;
  }

  drain(): void {
    this.isFull = false;
    this.#onDrain?.();
  }
}

async function shownBy(written: readonly string[]): Promise<string[]> {
  const terminal = new xterm.Terminal({ cols: COLUMNS, rows: ROWS, allowProposedApi: true });
  // As the dashboard sets it: a row that is too wide does not go on in the next one.
  await new Promise<void>((resolve) => terminal.write(`\u001B[?7l${written.join('')}`, resolve));
  const lines = Array.from({ length: ROWS }, (_, row) => {
    const line = terminal.buffer.active.getLine(row);
    return Array.from({ length: COLUMNS }, (__, column) => {
      const cell = line?.getCell(column);
      return `${cell?.getChars() || ' '}|${cell?.getFgColor() ?? 0}${cell?.isBold() ?? 0}${cell?.isInverse() ?? 0}`;
    }).join(' ');
  });
  terminal.dispose();
  return lines;
}

const piece = fc.tuple(
  fc.constantFrom('', '32', '1', '7'),
  fc.constantFrom('a', 'bc ', '● up', '日本', ' ', '▁▂█', '🎉', 'xyz'),
);
const row = fc
  .array(piece, { maxLength: 4 })
  .map((pieces) =>
    pieces
      .map(([style, text]) =>
        style === '' ? text : `\u001B[${style}m${text}\u001B[${style === '32' ? 39 : style === '1' ? 22 : 27}m`,
      )
      .join(''),
  );
const frame = fc.array(row, { minLength: 1, maxLength: ROWS }).map((rows) => rows.join('\n'));

it('rows come back from the characters that stand for them, however many there were', () => {
  const rows = new RowMarks();
  expect(rows.rowsOf('')).toEqual(['']);
  const last = new Map<string, string>();
  for (let frame = 0; frame < 300; frame += 1) {
    const texts = Array.from({ length: 40 }, (_, row) => `row ${row} of frame ${row === 7 ? 'the first' : frame}`);
    const marks = texts.map((text) => rows.markOf(text));
    for (const mark of marks) expect(Array.from(mark)).toHaveLength(1);
    // A row that did not change is not asked for again.
    last.set('mark', last.get('mark') ?? marks[7] ?? '');
    expect(rows.rowsOf([...marks.slice(0, 7), last.get('mark'), ...marks.slice(8)].join('\n'))).toEqual(texts);
  }
});

describe('the painter', () => {
  it('leaves on the screen what the last frame says, whatever was there before', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(frame, { minLength: 2, maxLength: 5 }), async (frames) => {
        const step = new Screen();
        const painter = new Painter(step, new RowMarks());
        for (const each of frames) painter.write(each);
        const once = new Screen();
        new Painter(once, new RowMarks()).write(frames.at(-1));
        expect(await shownBy(step.written)).toEqual(await shownBy(once.written));
      }),
      { numRuns: 60 },
    );
  });

  it('writes nothing when nothing has changed', () => {
    const screen = new Screen();
    const painter = new Painter(screen, new RowMarks());
    painter.write('one\ntwo');
    painter.write('one\ntwo');
    expect(screen.written).toHaveLength(1);
  });

  it('writes only the rows that changed', () => {
    const screen = new Screen();
    const painter = new Painter(screen, new RowMarks());
    painter.write('one\nhost  \u001B[32m● up\u001B[39m  12ms');
    painter.write('one\nhost  \u001B[32m● up\u001B[39m  13ms');
    expect(screen.written[1]).toBe(
      '\u001B[?2026h\u001B[2Hhost  \u001B[32m● up\u001B[39m  13ms\u001B[0m\u001B[K\u001B[?2026l',
    );
  });

  it('erases nothing behind a row that reaches the last column, where the cursor still stands', () => {
    const screen = new Screen();
    new Painter(screen, new RowMarks()).write(`${'x'.repeat(COLUMNS)}\n日${'y'.repeat(COLUMNS - 2)}\nshort`);
    const [, full, wide, short] = (screen.written[0] ?? '').split(/\u001B\[\dH/);
    expect(full).not.toContain('\u001B[K');
    expect(wide).toMatch(/^\u001B\[K日/);
    expect(short).toContain('short\u001B[0m\u001B[K');
  });

  it('paints all of it after a resize', () => {
    const screen = new Screen();
    const painter = new Painter(screen, new RowMarks());
    painter.write('one');
    painter.forget();
    painter.write('one');
    expect(screen.written[1]).toContain('\u001B[2J');
    expect(screen.written[1]).toContain('one');
  });

  it('gives a slow terminal the newest frame, not all of them', () => {
    const screen = new Screen();
    const painter = new Painter(screen, new RowMarks());
    screen.isFull = true;
    painter.write('1');
    painter.write('2');
    painter.write('3');
    expect(screen.written).toHaveLength(1);
    screen.drain();
    expect(screen.written).toHaveLength(2);
    expect(screen.written[1]).toContain('3');
  });
});
