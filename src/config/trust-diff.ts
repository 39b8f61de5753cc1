/** What changed in a trusted file, for a terminal. Loaded only by `config trust`. */
import { createTwoFilesPatch } from 'diff';

/** A unified diff with three lines of context; what could steer a terminal or hide text is made visible. */
export function trustDiff(file: string, before: string, after: string): string {
  return visible(createTwoFilesPatch(file, file, before, after, 'as trusted', 'now', { context: 3 }));
}

/** Control characters and bidirectional overrides (Unicode TR 36) as `\\u{…}`; newline and tab stay. */
export function visible(text: string): string {
  const steering = /[\p{Cc}\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/gu;
  return text.replaceAll(steering, (character) => {
    if (character === '\n' || character === '\t') return character;
    return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
  });
}
