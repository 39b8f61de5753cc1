/**
 * Questions that only a person can answer, in a program without a terminal. The questions wait here, and are asked at every
 * present or later face, or through SSH_ASKPASS where no face is connected. The first answer counts.
 *
 * Answers go only to the part that asked.
 */

import type { PendingPrompt } from '../api/control.ts';
import type { CancelTimer, Clock } from '../base/clock.ts';
import { Emitter, type Unsubscribe } from '../base/emitter.ts';
import { Scope } from '../base/scope.ts';
import type { Prompter, Question } from '../launch/contract.ts';

export interface PromptDeskDeps {
  readonly clock: Clock;
  /** Asks without a face; resolves with undefined where that is not possible. */
  readonly askpass: Prompter;
  /** How long a question waits for an answer. 0: without limit at a face, and not at all without a face. */
  readonly waitMs: number;
  readonly onError: (error: unknown) => void;
}

export interface PromptChange {
  readonly type: 'prompt-asked' | 'prompt-settled';
  readonly prompt: PendingPrompt;
}

interface Waiting {
  readonly prompt: PendingPrompt;
  readonly question: Question;
  /** Aborted with the answer, so that faces stop asking. */
  readonly controller: AbortController;
  readonly settle: (answer: string | undefined) => void;
}

export class PromptDesk {
  readonly changes = new Emitter<PromptChange>();
  readonly #deps: PromptDeskDeps;
  readonly #scope: Scope;
  readonly #waiting = new Map<number, Waiting>();
  readonly #faces = new Set<Prompter>();
  #lastId = 0;

  constructor(deps: PromptDeskDeps) {
    this.#deps = deps;
    this.#scope = new Scope(deps.onError);
  }

  /** The prompter of the links. Undefined: every person declined, or nobody came in time. */
  readonly prompter: Prompter = (question, signal) => this.#ask(question, signal);

  get pending(): readonly PendingPrompt[] {
    return [...this.#waiting.values()].map(({ prompt }) => prompt);
  }

  /** A face with a person is asked all present and later questions, until it leaves. */
  attach(face: Prompter): Unsubscribe {
    this.#faces.add(face);
    for (const waiting of this.#waiting.values()) this.#askFace(waiting, face);
    return () => {
      this.#faces.delete(face);
    };
  }

  /** False where the question no longer waits. */
  answer(id: number, answer: string | undefined): boolean {
    const waiting = this.#waiting.get(id);
    waiting?.settle(answer);
    return waiting !== undefined;
  }

  #ask(question: Question, signal: AbortSignal): Promise<string | undefined> {
    if (signal.aborted) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      const waiting = this.#open(question, (answer) => {
        cancelLimit();
        signal.removeEventListener('abort', withdraw);
        resolve(answer);
      });
      const withdraw = (): void => {
        waiting.settle(undefined);
      };
      const cancelLimit = this.#limit(withdraw);
      signal.addEventListener('abort', withdraw, { once: true });
      this.#askEverybody(waiting);
    });
  }

  #open(question: Question, done: (answer: string | undefined) => void): Waiting {
    this.#lastId += 1;
    const { host, kind, text, echo } = question;
    const prompt = { id: this.#lastId, host, kind, text, echo, sinceMs: this.#deps.clock.now() };
    const controller = new AbortController();
    const settle = (answer: string | undefined): void => {
      if (!this.#waiting.delete(prompt.id)) return;
      done(answer);
      controller.abort();
      this.changes.emit({ type: 'prompt-settled', prompt });
    };
    const waiting = { prompt, question, controller, settle };
    this.#waiting.set(prompt.id, waiting);
    this.changes.emit({ type: 'prompt-asked', prompt });
    return waiting;
  }

  #limit(withdraw: () => void): CancelTimer {
    const { waitMs, clock } = this.#deps;
    return waitMs === 0 ? () => undefined : clock.after(waitMs, withdraw, { background: true });
  }

  #askEverybody(waiting: Waiting): void {
    for (const face of this.#faces) this.#askFace(waiting, face);
    if (this.#faces.size === 0) this.#scope.run(this.#askWithoutFace(waiting));
  }

  /** A question that askpass could not ask waits for a face. */
  async #askWithoutFace(waiting: Waiting): Promise<void> {
    const answer = await this.#deps.askpass(waiting.question, waiting.controller.signal);
    if (answer !== undefined || this.#deps.waitMs === 0) waiting.settle(answer);
  }

  #askFace({ question, controller, settle }: Waiting, face: Prompter): void {
    const asked = face(question, controller.signal).then(settle, () => {
      // The face has left, and no person declined.
    });
    this.#scope.run(asked);
  }
}
