/** What changed in a trusted file, for a terminal. Loaded only by `config trust`. */
import { createTwoFilesPatch } from 'diff';
import { visible } from '../base/harmless.ts';

/** A unified diff with three lines of context; what could steer a terminal or hide text is made visible. */
export function trustDiff(file: string, before: string, after: string): string {
  return visible(createTwoFilesPatch(file, file, before, after, 'as trusted', 'now', { context: 3 }));
}
