/** What a login asks a person, always through the prompter and never counted against a time limit. */
import type { KeyboardInteractiveAuthMethod } from 'ssh2';
import type { Prompter, Question } from '../contract.ts';
import { hostPrompt } from '../host-prompt.ts';
import type { AskPassphrase } from './keyring.ts';
import type { Patience } from './patience.ts';

export interface Asker {
  readonly passphrase: AskPassphrase;
  password(attempt: number): Promise<string | undefined>;
  readonly interactive: KeyboardInteractiveAuthMethod['prompt'];
  /** True once a question was left unanswered. */
  declined(): boolean;
}

export interface AskerOptions {
  readonly prompter: Prompter;
  readonly host: string;
  /** `user@machine`. */
  readonly login: string;
  readonly signal: AbortSignal;
  readonly patience: Patience;
}

export function createAsker(options: AskerOptions): Asker {
  let declined = false;
  const ask = async (kind: Question['kind'], text: string, echo: boolean): Promise<string | undefined> => {
    if (declined) return undefined;
    const answer = await options.patience.without(() =>
      options.prompter({ host: options.host, kind, text, echo }, options.signal),
    );
    declined = answer === undefined;
    return answer;
  };
  return {
    passphrase: (path, attempt) =>
      ask('passphrase', `${attempt === 1 ? '' : 'That was not it. '}Passphrase for ${path}`, false),
    password: (attempt) =>
      ask('password', `${attempt === 1 ? '' : 'That was not it. '}Password for ${options.login}`, false),
    interactive: (name, instructions, _language, prompts, finish) => {
      const questions = prompts.map((prompt) => ({
        text: hostPrompt(options.login, [name, instructions, prompt.prompt].join(' ')),
        echo: prompt.echo === true,
      }));
      const declineAll = (): void => {
        finish([]);
      };
      // ssh2 throws when the connection went meanwhile.
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
