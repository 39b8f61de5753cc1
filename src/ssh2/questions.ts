/** The questions of a login to a person, and the time limit that pauses meanwhile. */
import type { KeyboardInteractiveAuthMethod } from 'ssh2';
import type { Clock } from '../base/clock.ts';
import type { Prompter, Question } from '../launch/contract.ts';
import { hostPrompt } from '../ssh/askpass.ts';
import type { AskPassphrase } from './keyring.ts';

/** How much a host may ask in one login (RFC 4256). Beyond the limits nothing is answered. */
export const INTERACTIVE_LIMITS = { rounds: 20, prompts: 16, characters: 8 * 1024 } as const;

export interface Asker {
  readonly passphrase: AskPassphrase;
  password(attempt: number): Promise<string | undefined>;
  readonly interactive: KeyboardInteractiveAuthMethod['prompt'];
  /** True once a question has been left unanswered. */
  declined(): boolean;
}

export interface AskerOptions {
  readonly prompter: Prompter;
  readonly host: string;
  /** `user@machine`. */
  readonly login: string;
  readonly signal: AbortSignal;
  readonly limit: LoginLimit;
}

export function createAsker(options: AskerOptions): Asker {
  let declined = false;
  let rounds = 0;
  const ask = async (kind: Question['kind'], text: string, echo: boolean): Promise<string | undefined> => {
    if (declined) return undefined;
    const answer = await options.limit.paused(() =>
      options.prompter({ host: options.host, kind, text, echo }, options.signal),
    );
    declined = answer === undefined;
    return answer;
  };
  return {
    passphrase: (path, attempt) =>
      ask('passphrase', `${attempt === 1 ? '' : 'The last answer was wrong. '}Passphrase for ${path}`, false),
    password: (attempt) =>
      ask('password', `${attempt === 1 ? '' : 'The last answer was wrong. '}Password for ${options.login}`, false),
    interactive: (name, instructions, _language, prompts, finish) => {
      rounds += 1;
      if (rounds > INTERACTIVE_LIMITS.rounds || prompts.length > INTERACTIVE_LIMITS.prompts) {
        declined = true;
        finish([]);
        return;
      }
      const questions = prompts.map((prompt) => ({
        text: hostPrompt(
          options.login,
          [name, instructions, prompt.prompt].join(' ').slice(0, INTERACTIVE_LIMITS.characters),
        ),
        echo: prompt.echo === true,
      }));
      const declineAll = (): void => {
        finish([]);
      };
      // ssh2 throws where the connection has ended meanwhile.
      answerAll(questions, ask)
        .then(finish, declineAll)
        .catch(() => undefined);
    },
    declined: () => declined,
  };
}

async function answerAll(
  prompts: readonly { readonly text: string; readonly echo: boolean }[],
  ask: (kind: Question['kind'], text: string, echo: boolean) => Promise<string | undefined>,
): Promise<string[]> {
  const answers: string[] = [];
  for (const { text, echo } of prompts) answers.push((await ask('keyboard-interactive', text, echo)) ?? '');
  return answers;
}

/** The time limit of a login, which pauses while a person is asked. */
export class LoginLimit {
  readonly #clock: Clock;
  readonly #onEnd: () => void;
  #leftMs: number;
  #startedAt = 0;
  #cancel: (() => void) | undefined;
  #pauses = 0;
  #cleared = false;

  constructor(clock: Clock, limitMs: number, onEnd: () => void) {
    this.#clock = clock;
    this.#leftMs = limitMs;
    this.#onEnd = onEnd;
    this.#run();
  }

  /** The time of `work` does not count. */
  async paused<T>(work: () => Promise<T>): Promise<T> {
    this.#pauses += 1;
    this.#halt();
    try {
      return await work();
    } finally {
      this.#pauses -= 1;
      if (this.#pauses === 0) this.#run();
    }
  }

  get isPaused(): boolean {
    return this.#pauses > 0;
  }

  clear(): void {
    this.#cleared = true;
    this.#halt();
  }

  #run(): void {
    if (this.#cleared) return;
    this.#startedAt = this.#clock.monotonic();
    this.#cancel = this.#clock.after(this.#leftMs, this.#onEnd);
  }

  #halt(): void {
    if (this.#cancel === undefined) return;
    this.#cancel();
    this.#cancel = undefined;
    this.#leftMs = Math.max(0, this.#leftMs - (this.#clock.monotonic() - this.#startedAt));
  }
}
