/** Does outside what the model asks for, and tells it what came of it. */
import { AnywhereError, asAnywhereError, type ErrorReport, reportOf } from '../base/errors.ts';
import type { Scope } from '../base/scope.ts';
import type { ControlClient } from '../daemon/control-client.ts';
import type { Attachment } from './attach.ts';
import type { Effect, Loading } from './model/model.ts';
import type { Message } from './model/update.ts';

export interface ActorDeps {
  readonly attachment: Attachment;
  readonly scope: Scope;
  readonly dispatch: (message: Message) => void;
  readonly screen: ScreenActions;
}

/** What concerns the terminal alone. */
export interface ScreenActions {
  copy(text: string): void;
  suspend(): void;
  repaint(): void;
  detach(): void;
}

type Load = Extract<Effect, { do: 'load' }>;

/** As many lines as fit a screen some times over. */
const LOG_LINES = 1000;

export class Actor {
  readonly #deps: ActorDeps;
  #call: AbortController | undefined;

  constructor(deps: ActorDeps) {
    this.#deps = deps;
  }

  perform(effect: Effect): void {
    const { screen, scope, attachment } = this.#deps;
    switch (effect.do) {
      case 'copy':
        screen.copy(effect.text);
        break;
      case 'suspend':
      case 'repaint':
      case 'detach':
        screen[effect.do]();
        break;
      case 'attach':
        attachment.hurry();
        break;
      case 'abort-call':
        this.#call?.abort(new AnywhereError('CANCELLED', 'cancelled at the dashboard'));
        break;
      case 'load':
        scope.run(this.#load(effect));
        break;
      case 'call':
        scope.run(this.#testCall(effect));
        break;
      default:
        scope.run(this.#act(effect));
    }
  }

  async #load(effect: Load): Promise<void> {
    try {
      this.#deps.dispatch(await this.#loaded(this.#client(), effect));
    } catch (error) {
      this.#deps.dispatch({ type: 'not-loaded', what: effect.what satisfies Loading, report: reported(error) });
    }
  }

  async #loaded(client: ControlClient, effect: Load): Promise<Message> {
    const { signal } = this.#deps.scope;
    switch (effect.what) {
      case 'snapshot': {
        const snapshot = await client.request('snapshot', {}, signal);
        // Events from before it are told before it.
        this.#deps.attachment.flush();
        return { type: 'snapshot', snapshot };
      }
      case 'tools':
        return { type: 'tools', tools: (await client.request('tools', { start: effect.start }, signal)).tools };
      case 'logs': {
        const { host, server } = effect;
        const place = { ...(host === undefined ? {} : { host }), ...(server === undefined ? {} : { server }) };
        const { entries } = await client.request('logs', { ...place, lines: LOG_LINES }, signal);
        this.#deps.attachment.flush();
        return { type: 'logs', entries, of: { host, server } };
      }
      case 'stats': {
        const of = { window: effect.window, by: effect.by };
        return { type: 'stats', rows: (await client.request('stats', of, signal)).rows, of };
      }
    }
  }

  async #testCall({ tool, args }: Extract<Effect, { do: 'call' }>): Promise<void> {
    const { scope, dispatch } = this.#deps;
    const controller = new AbortController();
    this.#call = controller;
    try {
      const client = this.#client();
      const stop = client.on('call/progress', ({ progress, total, message = '' }) => {
        dispatch({ type: 'call-progress', text: `${progress}${total === undefined ? '' : `/${total}`} ${message}` });
      });
      const signal = AbortSignal.any([controller.signal, scope.signal]);
      const outcome = await client.request('call', { tool, arguments: args }, signal).finally(stop);
      dispatch({ type: 'called', outcome });
    } catch (error) {
      dispatch({ type: 'call-failed', report: reported(error) });
    }
  }

  async #act(
    effect: Exclude<
      Effect,
      { do: 'load' | 'call' | 'copy' | 'suspend' | 'repaint' | 'detach' | 'attach' | 'abort-call' }
    >,
  ): Promise<void> {
    const { dispatch } = this.#deps;
    try {
      const said = await this.#acted(this.#client(), effect);
      dispatch(typeof said === 'string' ? { type: 'done', text: said } : said);
    } catch (error) {
      dispatch({ type: 'failed', report: reported(error) });
    }
  }

  async #acted(client: ControlClient, effect: Parameters<Actor['perform']>[0]): Promise<Message | string> {
    switch (effect.do) {
      case 'restart': {
        const { host, server } = effect;
        await client.request('restart', server === undefined ? { host } : { host, server });
        return `restarted ${host}${server === undefined ? '' : `/${server}`}`;
      }
      case 'reconnect':
        await client.request('reconnect', { host: effect.host });
        return `tried ${effect.host}`;
      case 'enable': {
        const { host, server, enabled } = effect;
        await client.request('enable', { host, server, enabled });
        return `${host}/${server} is ${enabled ? 'on' : 'off'}`;
      }
      case 'cancel':
        await client.request('call/cancel', { call: effect.call });
        return 'cancelled';
      case 'answer':
        await client.request('prompt/answer', { id: effect.id, answer: effect.answer });
        return effect.answer === null ? 'declined' : 'answered';
      case 'explain':
        return {
          type: 'explained',
          subject: effect.subject,
          text: await client.request('explain', { subject: effect.subject }),
        };
      default:
        throw new AnywhereError('INTERNAL', `${effect.do} is nothing to ask the daemon for`);
    }
  }

  #client(): ControlClient {
    const { client } = this.#deps.attachment;
    if (client === undefined)
      throw new AnywhereError('NO_DAEMON', 'there is no connection to the daemon', { hint: 'r starts it again' });
    return client;
  }
}

function reported(error: unknown): ErrorReport {
  return reportOf(asAnywhereError(error));
}
