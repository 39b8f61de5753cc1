/** Performs the side effects of the model, and reports their results to the model. */
import { AnywhereError, asAnywhereError, type ErrorReport, reportOf } from '../base/errors.ts';
import type { Scope } from '../base/scope.ts';
import type { ControlClient } from '../control/client.ts';
import type { Effect } from '../model/model.ts';
import type { Message } from '../model/update.ts';
import type { Attachment } from './attach.ts';

export interface ActorDeps {
  readonly attachment: Attachment;
  readonly scope: Scope;
  readonly dispatch: (message: Message) => void;
  readonly screen: ScreenActions;
}

/** Effects on the terminal only. */
export interface ScreenActions {
  copy(text: string): void;
  suspend(): void;
  repaint(): void;
  detach(): void;
}

type Of<K extends Effect['do']> = Extract<Effect, { do: K }>;
type Asked = Of<'load' | 'call' | 'restart' | 'reconnect' | 'enable' | 'cancel' | 'answer' | 'explain'>;

/** Several screens full. */
const LOG_LINES = 1000;
/** One pane full. */
const ASIDE_LINES = 100;

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
        this.#call?.abort(new AnywhereError('CANCELLED', 'The dashboard cancelled the call.'));
        break;
      default:
        scope.run(this.#ask(effect));
    }
  }

  async #ask(effect: Asked): Promise<void> {
    const { attachment, dispatch } = this.#deps;
    try {
      const { client } = attachment;
      if (client === undefined)
        throw new AnywhereError('NO_DAEMON', 'The dashboard is not connected to the daemon.', {
          hint: 'press r to start the daemon',
        });
      dispatch(await this.#result(client, effect));
    } catch (error) {
      dispatch(failure(effect, reportOf(asAnywhereError(error))));
    }
  }

  async #result(client: ControlClient, effect: Asked): Promise<Message> {
    switch (effect.do) {
      case 'load':
        return await this.#loaded(client, effect);
      case 'call':
        return { type: 'called', outcome: await this.#called(client, effect) };
      case 'explain': {
        const { subject } = effect;
        return { type: 'explained', subject, text: await client.request('explain', { subject }) };
      }
      default:
        return { type: 'done', text: await acted(client, effect) };
    }
  }

  async #loaded(client: ControlClient, effect: Of<'load'>): Promise<Message> {
    const { scope, attachment } = this.#deps;
    switch (effect.what) {
      case 'snapshot': {
        const snapshot = await client.request('snapshot', {}, scope.signal);
        // The snapshot already holds the changes of earlier events.
        attachment.flush();
        return { type: 'snapshot', snapshot };
      }
      case 'tools':
        return { type: 'tools', tools: (await client.request('tools', { start: effect.start }, scope.signal)).tools };
      case 'logs': {
        const { host, server } = effect;
        const place = { ...(host === undefined ? {} : { host }), ...(server === undefined ? {} : { server }) };
        const { entries } = await client.request('logs', { ...place, lines: LOG_LINES }, scope.signal);
        attachment.flush();
        return { type: 'logs', entries, of: { host, server } };
      }
      case 'aside': {
        const { host, server } = effect;
        const asked = { host, ...(server === undefined ? {} : { server }), lines: ASIDE_LINES };
        const { entries } = await client.request('logs', asked, scope.signal);
        attachment.flush();
        return { type: 'aside', entries, of: { host, server } };
      }
      case 'stats': {
        const of = { window: effect.window, by: effect.by };
        return { type: 'stats', rows: (await client.request('stats', of, scope.signal)).rows, of };
      }
    }
  }

  async #called(
    client: ControlClient,
    { tool, args }: Of<'call'>,
  ): Promise<Extract<Message, { type: 'called' }>['outcome']> {
    const { scope, dispatch } = this.#deps;
    this.#call = new AbortController();
    const stop = client.on('call/progress', ({ progress, total, message = '' }) => {
      dispatch({ type: 'call-progress', text: `${progress}${total === undefined ? '' : `/${total}`} ${message}` });
    });
    const signal = AbortSignal.any([this.#call.signal, scope.signal]);
    return await client.request('call', { tool, arguments: args }, signal).finally(stop);
  }
}

function failure(effect: Asked, report: ErrorReport): Message {
  // Asking again for each line of the list would only repeat the failure, so the pane stays empty.
  if (effect.do === 'load' && effect.what === 'aside')
    return { type: 'aside', entries: [], of: { host: effect.host, server: effect.server } };
  if (effect.do === 'load') return { type: 'not-loaded', what: effect.what, report };
  return { type: effect.do === 'call' ? 'call-failed' : 'failed', report };
}

/** Returns a text for the person. */
async function acted(client: ControlClient, effect: Exclude<Asked, Of<'load' | 'call' | 'explain'>>): Promise<string> {
  switch (effect.do) {
    case 'restart': {
      const { host, server } = effect;
      await client.request('restart', server === undefined ? { host } : { host, server });
      return `restarted ${host}${server === undefined ? '' : `/${server}`}`;
    }
    case 'reconnect':
      await client.request('reconnect', { host: effect.host });
      return `connecting to ${effect.host}`;
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
  }
}
