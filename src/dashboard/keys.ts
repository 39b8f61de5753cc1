/** Reads keys from the bytes of a terminal in raw mode. */
import { StringDecoder } from 'node:string_decoder';
import type { CancelTimer, Clock } from '../base/clock.ts';
import type { Key, Mouse, NamedKey } from '../model/key.ts';

export interface KeyboardDeps {
  readonly stdin: Pick<NodeJS.ReadStream, 'on' | 'off'>;
  readonly clock: Clock;
  readonly onKeys: (keys: readonly Key[]) => void;
  /** The terminal is gone. */
  readonly onEnd: () => void;
}

/** Without further bytes within this time, an Escape is the Escape key, ms. */
const ESCAPE_MS = 50;

/** Returns the function that stops listening. */
export function listenToKeys({ stdin, clock, onKeys, onEnd }: KeyboardDeps): () => void {
  const reader = new KeyReader();
  let cancel: CancelTimer = () => undefined;
  const onData = (bytes: Uint8Array): void => {
    cancel();
    onKeys(reader.push(bytes));
    if (!reader.isWaiting) return;
    cancel = clock.after(ESCAPE_MS, () => {
      onKeys(reader.flush());
    });
  };
  stdin.on('data', onData);
  stdin.on('end', onEnd);
  return () => {
    cancel();
    stdin.off('data', onData);
    stdin.off('end', onEnd);
  };
}

const PASTE_BEGIN = '\u001B[200~';
const PASTE_END = '\u001B[201~';
/** Longer text without an end is no escape sequence. */
const MAX_PENDING = 64;
const MAX_PASTE = 64 * 1024;

/**
 * Several keys can arrive in one chunk (`jjj`), and one key in several chunks. Focus reports, older forms of mouse reports
 * and other answers of the terminal are dropped.
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

  /** The bytes so far can be the start of an escape sequence. */
  get isWaiting(): boolean {
    return this.#pending !== '';
  }

  /** No bytes followed, so an Escape was the Escape key. */
  flush(): readonly Key[] {
    const wasEscape = this.#pending.startsWith('\u001B') && !this.#pending.startsWith(PASTE_BEGIN);
    if (!wasEscape) return [];
    this.#pending = '';
    return [named('escape')];
  }

  /** Returns the length of the consumed text; 0 if more text is needed. */
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
  const mouse = mouseOf(sequence);
  if (mouse !== undefined) keys.push(mouse);
  const key = SEQUENCES.get(
    sequence
      .slice(1)
      .replace(/^O/, '[')
      .replace(/^\[1;\d+/, '['),
  );
  if (key !== undefined) keys.push(named(key));
  return sequence.length;
}

/** Buttons of xterm's mouse reports. */
const MOUSE_ACTIONS: ReadonlyMap<string, Mouse['action']> = new Map([
  ['0', 'press'],
  ['64', 'wheel-up'],
  ['65', 'wheel-down'],
]);

/** A report in SGR form (xterm, mode 1006): button, column and row from 1, and `M` for a press. */
function mouseOf(sequence: string): Mouse | undefined {
  const [, button = '', column = '', row = ''] = /^.\[<(\d+);(\d+);(\d+)M$/s.exec(sequence) ?? [];
  const action = MOUSE_ACTIONS.get(button);
  return action === undefined ? undefined : { kind: 'mouse', action, row: Number(row) - 1, column: Number(column) - 1 };
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

/** Sequences of xterm and the Linux console, without the Escape. */
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
