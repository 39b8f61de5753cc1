/** What a person typed, out of the bytes of a terminal in raw mode. */
import { StringDecoder } from 'node:string_decoder';

export type NamedKey =
  | 'up'
  | 'down'
  | 'left'
  | 'right'
  | 'home'
  | 'end'
  | 'page-up'
  | 'page-down'
  | 'delete'
  | 'backspace'
  | 'enter'
  | 'tab'
  | 'back-tab'
  | 'escape';

export type Key =
  | { readonly kind: 'named'; readonly name: NamedKey }
  /** One character, or `ctrl` with a small letter. */
  | { readonly kind: 'char'; readonly char: string; readonly ctrl: boolean }
  /** Pasted as one: never commands. */
  | { readonly kind: 'paste'; readonly text: string };

const PASTE_BEGIN = '\u001B[200~';
const PASTE_END = '\u001B[201~';
/** A terminal sends a sequence at once; what never ends is no sequence. */
const MAX_PENDING = 64;
const MAX_PASTE = 64 * 1024;

/**
 * Bytes in, keys out. Several keys can arrive as one piece (`jjj`), one key as several pieces. Reports of the
 * mouse, of focus and other answers of a terminal are swallowed.
 */
export class KeyReader {
  readonly #decoder = new StringDecoder('utf8');
  #pending = '';

  push(bytes: Uint8Array): readonly Key[] {
    this.#pending += this.#decoder.write(Buffer.from(bytes));
    const keys: Key[] = [];
    for (let taken = this.#take(keys); taken > 0; taken = this.#take(keys)) this.#pending = this.#pending.slice(taken);
    return keys;
  }

  /** An Escape that nothing followed may still begin a sequence. */
  get isWaiting(): boolean {
    return this.#pending !== '';
  }

  /** Nothing followed for a while: it was the key itself. */
  flush(): readonly Key[] {
    const wasEscape = this.#pending.startsWith('\u001B') && !this.#pending.startsWith(PASTE_BEGIN);
    if (!wasEscape) return [];
    this.#pending = '';
    return [named('escape')];
  }

  /** Characters taken from the front; 0: nothing more can be said yet. */
  #take(keys: Key[]): number {
    const text = this.#pending;
    if (text === '') return 0;
    if (!text.startsWith('\u001B')) return takeCharacter(text, keys);
    if (text.startsWith(PASTE_BEGIN)) return takePaste(text, keys);
    return takeSequence(text, keys);
  }
}

function takeCharacter(text: string, keys: Key[]): number {
  const char = String.fromCodePoint(text.codePointAt(0) ?? 0);
  const code = char.codePointAt(0) ?? 0;
  const special = CONTROL_KEYS.get(code);
  if (special !== undefined) keys.push(named(special));
  else if (code >= 1 && code <= 26) keys.push({ kind: 'char', char: String.fromCodePoint(code + 96), ctrl: true });
  else if (code >= 32 && (code < 127 || code > 159)) keys.push({ kind: 'char', char, ctrl: false });
  return char.length;
}

function takePaste(text: string, keys: Key[]): number {
  const end = text.indexOf(PASTE_END);
  if (end === -1 && text.length < MAX_PASTE) return 0;
  keys.push({ kind: 'paste', text: text.slice(PASTE_BEGIN.length, end === -1 ? undefined : end) });
  return end === -1 ? text.length : end + PASTE_END.length;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
const SEQUENCE = /^\u001B(?:\[M[\s\S]{3}|\[[0-?]*[ -/]*[@-~]|O[ -~]|\][^\u0007\u001B]*(?:\u0007|\u001B\\))/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
const UNFINISHED = /^\u001B(?:\[M[\s\S]{0,2}|\[[0-?]*[ -/]*|O|\][^\u0007\u001B]*\u001B?)?$/;

function takeSequence(text: string, keys: Key[]): number {
  const isUnfinished = UNFINISHED.test(text);
  if (isUnfinished && text.length < MAX_PENDING) return 0;
  const sequence = isUnfinished ? undefined : SEQUENCE.exec(text)?.[0];
  if (sequence === undefined) {
    keys.push(named('escape'));
    return 1;
  }
  const key = SEQUENCES.get(
    sequence
      .slice(1)
      .replace(/^O/, '[')
      .replace(/^\[1;\d+/, '['),
  );
  if (key !== undefined) keys.push(named(key));
  return sequence.length;
}

function named(name: NamedKey): Key {
  return { kind: 'named', name };
}

const CONTROL_KEYS: ReadonlyMap<number, NamedKey> = new Map([
  [8, 'backspace'],
  [9, 'tab'],
  [10, 'enter'],
  [13, 'enter'],
  [127, 'backspace'],
]);

/** Without the Escape; xterm's and the Linux console's. */
const SEQUENCES: ReadonlyMap<string, NamedKey> = new Map([
  ['[A', 'up'],
  ['[B', 'down'],
  ['[C', 'right'],
  ['[D', 'left'],
  ['[H', 'home'],
  ['[F', 'end'],
  ['[1~', 'home'],
  ['[4~', 'end'],
  ['[3~', 'delete'],
  ['[5~', 'page-up'],
  ['[6~', 'page-down'],
  ['[Z', 'back-tab'],
]);
