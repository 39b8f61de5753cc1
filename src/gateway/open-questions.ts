/** Which hosts wait for a person right now: a call to one says so, instead of that the host does not answer. */
import { AnywhereError } from '../base/errors.ts';
import type { Prompter, Question } from '../launch/contract.ts';

export class OpenQuestions {
  readonly #open = new Map<string, Question>();
  readonly #ask: Prompter;

  constructor(ask: Prompter) {
    this.#ask = ask;
  }

  /** The same prompter, seen by this. */
  readonly prompter: Prompter = async (question, signal) => {
    this.#open.set(question.host, question);
    try {
      return await this.#ask(question, signal);
    } finally {
      if (this.#open.get(question.host) === question) this.#open.delete(question.host);
    }
  };

  /** What the host waits for, as the cause of what fails meanwhile. Undefined: for nobody. */
  causeOf(host: string): AnywhereError | undefined {
    const question = this.#open.get(host);
    if (question === undefined) return undefined;
    return new AnywhereError('NO_TTY', `it waits for a person: ${question.text}`, {
      host,
      hint: 'mcp-anywhere status, in a terminal: it asks there',
    });
  }
}
