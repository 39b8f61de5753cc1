/** What a host asks, as every asker shows it: marked as the words of that host, so that none can speak as this program. */
import { visible } from '../base/harmless.ts';

/** Nobody reads more; a code or password is asked for in a few words. */
const LONGEST = 1000;

/**
 * On one line, with what could steer a terminal made visible.
 * @param login `user@host`
 */
export function hostPrompt(login: string, text: string): string {
  const words = visible(text.replaceAll(/\s+/g, ' ').trim());
  const mark = `(${visible(login)})`;
  const whole = words.startsWith(`${mark} `) ? words : `${mark} ${words}`;
  return whole.length > LONGEST ? `${whole.slice(0, LONGEST)}…` : whole;
}
