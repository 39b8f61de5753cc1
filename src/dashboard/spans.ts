/** Pieces of a line and how they look; what a terminal makes of a look is the theme's. */

export type Look = 'good' | 'bad' | 'warn' | 'dim' | 'bold' | 'accent' | 'selected';

export interface Span {
  readonly text: string;
  readonly look?: Look | undefined;
}

export type SpanLine = readonly Span[];

export function span(text: string, look?: Look): Span {
  return look === undefined ? { text } : { text, look };
}

export function line(text: string, look?: Look): SpanLine {
  return [span(text, look)];
}
