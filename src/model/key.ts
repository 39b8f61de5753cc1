/** What a person does on a terminal: a key, pasted text, or the mouse. */

export type NamedKey =
  | ('up' | 'down' | 'left' | 'right' | 'home' | 'end' | 'page-up' | 'page-down')
  | ('delete' | 'backspace' | 'enter' | 'tab' | 'back-tab' | 'escape');

export type Key =
  | { readonly kind: 'named'; readonly name: NamedKey }
  /** One character, or `ctrl` with a small letter. */
  | { readonly kind: 'char'; readonly char: string; readonly ctrl: boolean }
  /** Pasted text is never a command. */
  | { readonly kind: 'paste'; readonly text: string }
  | Mouse;

/** Rows and columns count from 0, at the top left. */
export interface Mouse {
  readonly kind: 'mouse';
  readonly action: 'press' | 'wheel-up' | 'wheel-down';
  readonly row: number;
  readonly column: number;
}

/** The key as one word: `j`, `up`, `ctrl-d`. Empty for pasted text and the mouse. */
export function wordOf(key: Key): string {
  if (key.kind === 'named') return key.name;
  return key.kind === 'char' ? `${key.ctrl ? 'ctrl-' : ''}${key.char}` : '';
}
