/** Questions to a person: through the program in SSH_ASKPASS, as ssh does (ssh(1), ENVIRONMENT), and how a host's question reads. */

import { shortened, visible } from '../base/harmless.ts';
import { environmentForHelpers } from '../config/environment.ts';
import type { DialerDeps, Prompter } from '../launch/contract.ts';

/** Longest answer that is read. */
export const ANSWER_CHARACTERS = 64 * 1024;

type AskpassDeps = Pick<DialerDeps, 'env' | 'log'>;

/**
 * Undefined where the person declined, the program failed, or none may be used. SSH_ASKPASS_REQUIRE=never forbids the program,
 * `force` allows it without a display; otherwise DISPLAY or WAYLAND_DISPLAY is needed.
 */
export function createAskpassPrompter({ env, log }: AskpassDeps): Prompter {
  return async (question, signal) => {
    const program = askpassProgram(env);
    if (program === undefined || signal.aborted) return undefined;
    // Loaded only when somebody is asked: start-up time.
    const { execa } = await import('execa');
    const result = await execa(program, [question.text], {
      env: environmentForHelpers(env),
      extendEnv: false,
      stdin: 'ignore',
      stderr: 'ignore',
      reject: false,
      stripFinalNewline: false,
      maxBuffer: ANSWER_CHARACTERS,
      cancelSignal: signal,
      // The output holds the answer, which must not reach the text of an error.
      verbose: 'none',
    });
    if (!result.failed) return firstLine(result.stdout);
    if (result.code !== undefined)
      log.warn({ host: question.host, program, code: result.code }, 'SSH_ASKPASS could not be run');
    return undefined;
  };
}

/** Undefined where nobody can be asked through a program. */
export function askpassProgram(env: DialerDeps['env']): string | undefined {
  const program = env['SSH_ASKPASS'];
  const require = env['SSH_ASKPASS_REQUIRE'];
  if (program === undefined || program === '' || require === 'never') return undefined;
  const display = (env['DISPLAY'] ?? '') !== '' || (env['WAYLAND_DISPLAY'] ?? '') !== '';
  return require === 'force' || display ? program : undefined;
}

/** ssh takes the first line, without its end (readpass.c). */
function firstLine(text: string): string {
  return /^[^\r\n]*/.exec(text)?.[0] ?? '';
}

/** In characters: a code or a password is asked for in a few words. */
const LONGEST = 1000;

/**
 * A host's question, marked with the login so that no host can speak as this program: one line, and control characters
 * visible.
 * @param login `user@host`
 */
export function hostPrompt(login: string, text: string): string {
  const words = visible(text.replaceAll(/\s+/g, ' ').trim());
  const mark = `(${visible(login)})`;
  const whole = words.startsWith(`${mark} `) ? words : `${mark} ${words}`;
  return shortened(whole, LONGEST);
}
