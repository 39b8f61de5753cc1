import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineGate, type LineWatcher, type LongManner, type Verdict } from '../../../src/shim/line-gate.ts';

const LONG = 300 * 1024;

interface Seen {
  readonly gate: LineGate;
  readonly lines: string[];
  readonly ended: { readonly head: string; readonly tail: string; readonly isCut: boolean }[];
  readonly out: () => string;
}

function gate(verdict: (line: string) => Verdict = () => 'pass', long: LongManner = 'pass'): Seen {
  const lines: string[] = [];
  const ended: Seen['ended'] = [];
  const out: Buffer[] = [];
  const watcher: LineWatcher = {
    line: (bytes) => {
      lines.push(bytes.toString());
      return verdict(bytes.toString());
    },
    long: () => long,
    longEnded: (head, tail, isCut) => {
      ended.push({ head: head.toString().slice(0, 5), tail: tail.toString().slice(-5), isCut });
    },
  };
  const made = new LineGate(watcher, (bytes) => out.push(Buffer.from(bytes)));
  return { gate: made, lines, ended, out: () => Buffer.concat(out).toString() };
}

function pushInParts(to: LineGate, text: string, sizes: readonly number[]): void {
  let at = 0;
  for (let index = 0; at < text.length; index += 1) {
    const size = Math.max(1, sizes[index % sizes.length] ?? 1);
    to.push(Buffer.from(text.slice(at, at + size)));
    at += size;
  }
}

describe('what passes', () => {
  it('is every byte in its order, for any lines and chunks', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: fc.constantFrom('a', '{', ' ', '"') }), { maxLength: 12 }),
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 }),
        (lines, sizes) => {
          const seen = gate();
          const text = lines.map((line) => `${line}\n`).join('');
          pushInParts(seen.gate, text, sizes);
          expect(seen.out()).toBe(text);
          expect(seen.lines).toEqual(lines);
        },
      ),
    );
  });

  it('leaves out what is dropped and puts in what is replaced, wherever the chunks end', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('keep', 'drop', 'change'), { maxLength: 12 }),
        fc.integer({ min: 1, max: 20 }),
        (lines, size) => {
          const seen = gate((line) => (line === 'drop' ? 'drop' : line === 'change' ? Buffer.from('changed') : 'pass'));
          pushInParts(seen.gate, lines.map((line) => `${line}\n`).join(''), [size]);
          const expected = lines.flatMap((line) => (line === 'drop' ? [] : [line === 'change' ? 'changed' : line]));
          expect(seen.out()).toBe(expected.map((line) => `${line}\n`).join(''));
        },
      ),
    );
  });

  it('hands on one chunk of many lines as one piece', () => {
    const pieces: Buffer[] = [];
    const watcher: LineWatcher = { line: () => 'pass', long: () => 'pass', longEnded: () => undefined };
    const chunk = Buffer.from('a\nb\nc\n');
    new LineGate(watcher, (bytes) => pieces.push(bytes)).push(chunk);
    expect(pieces).toHaveLength(1);
    expect(pieces[0]?.buffer).toBe(chunk.buffer);
  });
});

describe('a line that is not whole', () => {
  it('is held back, and forgotten when its sender is gone', () => {
    const seen = gate();
    seen.gate.push(Buffer.from('first\nhal'));
    expect(seen.out()).toBe('first\n');
    expect(seen.gate.isMidLine).toBe(false);
    seen.gate.reset();
    seen.gate.push(Buffer.from('next\n'));
    expect(seen.out()).toBe('first\nnext\n');
  });

  it('streams through when it is long, and shows its ends', () => {
    const seen = gate();
    const text = `{"id"${'x'.repeat(LONG)}":7}}`;
    pushInParts(seen.gate, text, [64 * 1024]);
    expect(seen.gate.isMidLine).toBe(true);
    expect(seen.out()).toBe(text);
    seen.gate.push(Buffer.from('\nnext\n'));
    expect(seen.out()).toBe(`${text}\nnext\n`);
    expect(seen.ended).toEqual([{ head: '{"id"', tail: '":7}}', isCut: false }]);
    expect(seen.lines).toEqual(['next']);
    expect(seen.gate.isMidLine).toBe(false);
  });

  it('is held until it is whole where that is asked for, shows its ends, and is forgotten when its sender is gone', () => {
    const seen = gate(() => 'pass', 'hold');
    const text = `{"id"${'x'.repeat(LONG)}":7}}`;
    pushInParts(seen.gate, text, [64 * 1024]);
    expect([seen.out(), seen.gate.isMidLine]).toEqual(['', false]);
    seen.gate.push(Buffer.from(`\nnext\n${text}`));
    expect(seen.out()).toBe(`${text}\nnext\n`);
    expect(seen.ended).toEqual([{ head: '{"id"', tail: '":7}}', isCut: false }]);
    seen.gate.reset();
    seen.gate.push(Buffer.from('last\n'));
    expect(seen.out()).toBe(`${text}\nnext\nlast\n`);
  });

  it('has nothing between its parts, whatever its watcher says of the lines behind it', () => {
    const seen: string[] = [];
    const watcher: LineWatcher = {
      line: (bytes) => {
        if (bytes.toString() === 'b') seen.push('told\n');
        return 'pass';
      },
      long: () => 'hold',
      longEnded: () => undefined,
    };
    const made = new LineGate(watcher, (bytes) => seen.push(bytes.toString()));
    for (const part of ['fir', 'st\nb\n']) made.push(Buffer.from(part));
    expect(seen.join('')).toBe('first\ntold\nb\n');
  });

  it('is thrown away from where its receiver is gone, and said to be cut', () => {
    const seen = gate();
    seen.gate.push(Buffer.from('x'.repeat(LONG)));
    seen.gate.cutOff();
    expect(seen.gate.isMidLine).toBe(false);
    seen.gate.push(Buffer.from('rest'));
    seen.gate.push(Buffer.from(' end\nnext\n'));
    expect(seen.out()).toBe(`${'x'.repeat(LONG)}next\n`);
    expect(seen.ended).toEqual([{ head: 'xxxxx', tail: 't end', isCut: true }]);
  });

  it('is seen whole where that is asked for', () => {
    const seen = gate((line) => (line.length > LONG ? Buffer.from('short') : 'pass'), 'gather');
    const text = 'y'.repeat(LONG + 1);
    pushInParts(seen.gate, `${text}\nnext\n`, [64 * 1024]);
    expect(seen.lines).toEqual([text, 'next']);
    expect(seen.out()).toBe('short\nnext\n');
  });
});
