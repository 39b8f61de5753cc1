import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KeyReader } from '../../../src/dashboard/keys.ts';
import type { Key } from '../../../src/model/key.ts';

function words(keys: readonly Key[]): string[] {
  return keys.map((key) => {
    switch (key.kind) {
      case 'named':
        return `<${key.name}>`;
      case 'paste':
        return `paste:${key.text}`;
      case 'mouse':
        return `${key.action}@${key.row},${key.column}`;
      case 'char':
        return `${key.ctrl ? '^' : ''}${key.char}`;
    }
  });
}

function read(...pieces: readonly (string | Uint8Array)[]): string[] {
  const reader = new KeyReader();
  const keys = pieces.flatMap((piece) => [...reader.push(typeof piece === 'string' ? Buffer.from(piece) : piece)]);
  return words([...keys, ...reader.flush()]);
}

describe('keys', () => {
  it('several arrive as one piece', () => {
    expect(read('jjj\u001B[Ak')).toEqual(['j', 'j', 'j', '<up>', 'k']);
  });

  it('one arrives as several pieces', () => {
    expect(read('\u001B', '[', '6', '~')).toEqual(['<page-down>']);
    const euro = Buffer.from('€');
    expect(read(euro.subarray(0, 1), euro.subarray(1))).toEqual(['€']);
  });

  it('an Escape is one when nothing follows', () => {
    expect(read('\u001B')).toEqual(['<escape>']);
    expect(read('\u001B\u001B')).toEqual(['<escape>', '<escape>']);
    expect(read('\u001Bq')).toEqual(['<escape>', 'q']);
  });

  it.each([
    ['a button that is let go, or another than the left one', '\u001B[<0;12;5m\u001B[<2;12;5M'],
    ['the mouse (X10)', '\u001B[M !!'],
    ['focus', '\u001B[I\u001B[O'],
    ['the cursor position', '\u001B[12;40R'],
    ['device attributes', '\u001B[?62;22c'],
    ['a colour', '\u001B]11;rgb:0000/0000/0000\u001B\\'],
  ])('reports of %s are none', (_what, text) => {
    expect(read(`a${text}b`)).toEqual(['a', 'b']);
  });

  it('with modifiers are those without', () => {
    expect(read('\u001B[1;5A\u001BOB\u001B[1;2C')).toEqual(['<up>', '<down>', '<right>']);
  });

  it('control characters have their letter', () => {
    expect(read('\u0003\u0013\u0004')).toEqual(['^c', '^s', '^d']);
    expect(read('\r\n\t\u007F\u0008')).toEqual(['<enter>', '<enter>', '<tab>', '<backspace>', '<backspace>']);
  });

  it('pasted text is no command', () => {
    expect(read('\u001B[200~qR', 'y\nx\u001B[201~j')).toEqual(['paste:qRy\nx', 'j']);
  });

  it('a sequence that never ends does not swallow what follows', () => {
    expect(read(`\u001B[${'1'.repeat(100)}`).length).toBeGreaterThan(0);
  });

  it('presses and the wheel of the mouse have their row and column from 0', () => {
    expect(read('\u001B[<0;12;5M\u001B[<64;1;1M\u001B[<65;1;1M')).toEqual([
      'press@4,11',
      'wheel-up@0,0',
      'wheel-down@0,0',
    ]);
  });

  it('are the same however the bytes are cut', () => {
    const text = 'j\u001B[A€\u001B[<0;1;1Mq\u001B[200~a\u001B[201~\u001BOHx';
    const bytes = Buffer.from(text);
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: bytes.length - 1 })), (cuts) => {
        const ends = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
        const pieces = ends.slice(1).map((end, index) => bytes.subarray(ends[index], end));
        expect(read(...pieces)).toEqual(['j', '<up>', '€', 'press@0,0', 'q', 'paste:a', '<home>', 'x']);
      }),
    );
  });
});
