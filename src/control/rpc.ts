/** JSON-RPC 2.0 over a control transport, both directions: requests, replies, notifications. */
import { AnywhereError, asAnywhereError, type ErrorReport, isErrorCode, reportOf } from '../base/errors.ts';
import { Scope } from '../base/scope.ts';
import type { ControlTransport } from './transport.ts';

export interface RpcHandlers {
  readonly request: (method: string, params: unknown, signal: AbortSignal) => Promise<unknown>;
  readonly notification: (method: string, params: unknown) => void;
}

interface Pending {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: AnywhereError) => void;
  /** Stops listening to the caller's signal, which may outlive many requests. */
  readonly forget: () => void;
}

const APPLICATION_ERROR = -32000;

export class ControlRpc {
  readonly #transport: ControlTransport;
  readonly #handlers: RpcHandlers;
  readonly #pending = new Map<number, Pending>();
  /** A request's failure is its reply: nothing is left to report. */
  readonly #scope = new Scope(() => undefined);
  readonly #serving = new Map<number, AbortController>();
  #nextId = 1;
  #closed = false;

  constructor(transport: ControlTransport, handlers: RpcHandlers) {
    this.#transport = transport;
    this.#handlers = handlers;
    transport.onMessage((message) => {
      this.#receive(message);
    });
    transport.onClose(() => {
      this.#end();
    });
  }

  request(method: string, params: unknown, signal?: AbortSignal): Promise<unknown> {
    if (this.#closed) return Promise.reject(gone());
    if (signal?.aborted === true) return Promise.reject(cancelled(signal));
    const id = this.#nextId;
    this.#nextId += 1;
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        if (signal !== undefined) this.#cancel(id, signal);
      };
      const forget = (): void => {
        signal?.removeEventListener('abort', onAbort);
      };
      this.#pending.set(id, { resolve, reject, forget });
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#transport.send({ jsonrpc: '2.0', id, method, params });
    });
  }

  /** The other side waits for an answer. */
  get isServing(): boolean {
    return this.#serving.size > 0;
  }

  notify(method: string, params: unknown): void {
    if (!this.#closed) this.#transport.send({ jsonrpc: '2.0', method, params });
  }

  close(): void {
    this.#transport.close();
  }

  #cancel(id: number, signal: AbortSignal): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    this.#pending.delete(id);
    this.notify('cancel', { id });
    pending.reject(cancelled(signal));
  }

  #receive(message: unknown): void {
    if (typeof message !== 'object' || message === null) return;
    const { id, method, params, result, error } = message as Record<string, unknown>;
    if (typeof method === 'string' && typeof id === 'number') this.#scope.run(this.#serve(id, method, params));
    else if (typeof method === 'string') this.#notified(method, params);
    else if (typeof id === 'number') this.#settle(id, result, error);
  }

  #notified(method: string, params: unknown): void {
    if (method === 'cancel')
      this.#serving
        .get((params as { id?: number } | undefined)?.id ?? Number.NaN)
        ?.abort(new AnywhereError('CANCELLED', 'cancelled by the caller'));
    else this.#handlers.notification(method, params);
  }

  async #serve(id: number, method: string, params: unknown): Promise<void> {
    const controller = new AbortController();
    this.#serving.set(id, controller);
    try {
      const result = await this.#handlers.request(method, params, controller.signal);
      if (!this.#closed) this.#transport.send({ jsonrpc: '2.0', id, result: result ?? {} });
    } catch (thrown) {
      const error = asAnywhereError(thrown);
      if (!this.#closed)
        this.#transport.send({
          jsonrpc: '2.0',
          id,
          error: { code: APPLICATION_ERROR, message: error.message, data: reportOf(error) },
        });
    } finally {
      this.#serving.delete(id);
    }
  }

  #settle(id: number, result: unknown, error: unknown): void {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    pending?.forget();
    if (error === undefined) pending?.resolve(result);
    else pending?.reject(errorFrom(error));
  }

  #end(): void {
    this.#closed = true;
    for (const controller of this.#serving.values()) controller.abort(gone());
    for (const pending of this.#pending.values()) {
      pending.forget();
      pending.reject(gone());
    }
    this.#pending.clear();
  }
}

/** The error as it was thrown on the other side. */
function errorFrom(error: unknown): AnywhereError {
  const { message, data } = error as { message: string; data?: Partial<ErrorReport> };
  const code = data?.code;
  if (code === undefined || !isErrorCode(code)) return new AnywhereError('INTERNAL', message);
  return new AnywhereError(code, message, {
    host: data?.host,
    server: data?.server,
    tool: data?.tool,
    evidence: data?.evidence,
    hint: data?.hint,
  });
}

function cancelled(signal: AbortSignal): AnywhereError {
  return signal.reason instanceof AnywhereError ? signal.reason : new AnywhereError('CANCELLED', 'cancelled');
}

function gone(): AnywhereError {
  return new AnywhereError('NO_DAEMON', 'the gateway this command talked to has ended');
}
