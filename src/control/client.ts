/** The client of the control API, typed. */
import type { Duplex } from 'node:stream';
import type { ControlMethods, ControlNotifications, ControlQuestions } from '../api/control.ts';
import { type Clock, systemClock } from '../base/clock.ts';
import { Emitter, type Unsubscribe } from '../base/emitter.ts';
import { AnywhereError } from '../base/errors.ts';
import { Turns } from '../base/turns.ts';
import { ControlConnection } from './connection.ts';

/** Null or undefined: the person declined. The signal aborts when another face has the answer. */
export type QuestionHandler = (
  question: ControlQuestions['prompt']['params'],
  signal: AbortSignal,
) => Promise<string | null | undefined>;

interface Notified {
  readonly method: string;
  readonly params: unknown;
}

export class ControlClient {
  readonly #connection: ControlConnection;
  readonly #notifications = new Emitter<Notified>();
  /** A person is asked one thing at a time. */
  readonly #questions = new Turns(1);
  #answer: QuestionHandler | undefined;

  /** Takes the stream over: a socket with an answered hello, or a stream in memory. */
  constructor(stream: Duplex, clock: Clock = systemClock()) {
    const handlers = {
      request: (method: string, params: unknown, signal: AbortSignal) => this.#question(method, params, signal),
      notification: (method: string, params: unknown) => {
        this.#notifications.emit({ method, params });
      },
    };
    this.#connection = new ControlConnection(stream, handlers, clock);
  }

  /** Resolves when the other side has ended, or we have closed. Never rejects. */
  get ended(): Promise<void> {
    return this.#connection.ended;
  }

  /** Rejects with the AnywhereError of the other side. Aborting the signal cancels the work there. */
  request<M extends keyof ControlMethods>(
    method: M,
    params: ControlMethods[M]['params'],
    signal?: AbortSignal,
  ): Promise<ControlMethods[M]['result']> {
    return this.#connection.request(method, params, signal) as Promise<ControlMethods[M]['result']>;
  }

  on<N extends keyof ControlNotifications>(
    notification: N,
    listener: (params: ControlNotifications[N]) => void,
  ): Unsubscribe {
    return this.#notifications.on(({ method, params }) => {
      if (method === notification) listener(params as ControlNotifications[N]);
    });
  }

  /** Answers questions to a person (passphrases, codes) from now on, and also those that wait already. */
  async answer(handler: QuestionHandler): Promise<void> {
    this.#answer = handler;
    await this.request('prompt/attach', {});
  }

  close(): Promise<void> {
    this.#connection.close();
    return Promise.resolve();
  }

  async #question(method: string, params: unknown, signal: AbortSignal): Promise<ControlQuestions['prompt']['result']> {
    if (method !== 'prompt') throw new AnywhereError('INTERNAL', `unknown control request ${method}`);
    const question = params as ControlQuestions['prompt']['params'];
    return await this.#questions.run(async () => {
      const answer = signal.aborted ? null : await this.#answer?.(question, signal);
      return { answer: answer ?? null };
    });
  }
}
