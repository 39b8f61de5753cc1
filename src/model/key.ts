/** A key that a person pressed. */

export type NamedKey =
  | ('up' | 'down' | 'left' | 'right' | 'home' | 'end' | 'page-up' | 'page-down')
  | ('delete' | 'backspace' | 'enter' | 'tab' | 'back-tab' | 'escape');

export type Key =
  | { readonly kind: 'named'; readonly name: NamedKey }
  /** One character, or `ctrl` with a small letter. */
  | { readonly kind: 'char'; readonly char: string; readonly ctrl: boolean }
  /** Pasted text is never a command. */
  | { readonly kind: 'paste'; readonly text: string };

/** The key as one word: `j`, `up`, `ctrl-d`. Empty for pasted text. */
export function wordOf(key: Key): string {
  if (key.kind === 'named') return key.name;
  return key.kind === 'char' ? `${key.ctrl ? 'ctrl-' : ''}${key.char}` : '';
}
