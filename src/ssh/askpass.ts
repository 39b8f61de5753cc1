/** Asks a person through the program in SSH_ASKPASS, as ssh itself does (ssh(1), ENVIRONMENT). */

import { visible } from '../base/harmless.ts';
import { environmentForHelpers } from '../config/environment.ts';
import type { DialerDeps, Prompter } from '../launch/contract.ts';

/** Of an answer that a person gives. */
export const ANSWER_CHARACTERS = 64 * 1024;

type AskpassDeps = Pick<DialerDeps, 'env' | 'log'>;

/**
 * The person's answer, or undefined: no askpass may be used here, it failed, or the person declined.
 * SSH_ASKPASS_REQUIRE=never forbids it; `force` wants no display; else one is needed (DISPLAY or WAYLAND_DISPLAY).
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
      // The answer is in its output: nothing of this may end in an error's text.
      verbose: 'none',
    });
    if (!result.failed) return firstLine(result.stdout);
    if (result.code !== undefined)
      log.warn({ host: question.host, program, code: result.code }, 'SSH_ASKPASS could not be run');
    return undefined;
  };
}

/** The program to ask with, or undefined when nobody can be asked that way. */
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
