/** What a face talks to: the control API, typed. */

import type { Unsubscribe } from '../base/emitter.ts';
import { Emitter } from '../base/emitter.ts';
import { AnywhereError } from '../base/errors.ts';
import type { ControlMethods, ControlNotifications, ControlQuestions } from './control-schema.ts';
import { ControlRpc } from './rpc.ts';
import type { ControlTransport } from './transport.ts';

export type QuestionHandler = (question: ControlQuestions['prompt']['params']) => Promise<string | null | undefined>;

interface Notified {
  readonly method: string;
  readonly params: unknown;
}

export class ControlClient {
  readonly #rpc: ControlRpc;
  readonly #notifications = new Emitter<Notified>();
  #answer: QuestionHandler | undefined;

  constructor(transport: ControlTransport) {
    this.#rpc = new ControlRpc(transport, {
      request: (method, params) => this.#question(method, params),
      notification: (method, params) => {
        this.#notifications.emit({ method, params });
      },
    });
  }

  /** Rejects with the AnywhereError of the other side. Aborting the signal cancels the work there. */
  request<M extends keyof ControlMethods>(
    method: M,
    params: ControlMethods[M]['params'],
    signal?: AbortSignal,
  ): Promise<ControlMethods[M]['result']> {
    return this.#rpc.request(method, params, signal) as Promise<ControlMethods[M]['result']>;
  }

  on<N extends keyof ControlNotifications>(
    notification: N,
    listener: (params: ControlNotifications[N]) => void,
  ): Unsubscribe {
    return this.#notifications.on(({ method, params }) => {
      if (method === notification) listener(params as ControlNotifications[N]);
    });
  }

  /** Answers questions to a person (passphrases, codes) from now on. */
  answer(handler: QuestionHandler): void {
    this.#answer = handler;
  }

  close(): Promise<void> {
    this.#rpc.close();
    return Promise.resolve();
  }

  async #question(method: string, params: unknown): Promise<ControlQuestions['prompt']['result']> {
    if (method !== 'prompt') throw new AnywhereError('INTERNAL', `unknown control request ${method}`);
    const answer = await this.#answer?.(params as ControlQuestions['prompt']['params']);
    return { answer: answer ?? null };
  }
}
