/** Every tools/call passes the gate on the way from its session to its server. For a pool's call, each attempt passes. */
import type { CallHandler, ToolCall } from '../calls/call.ts';
import type { Calls } from '../calls/calls.ts';
import type { Message } from '../protocol/message.ts';
import { chain, type Middleware } from './middleware.ts';

export class Gate {
  readonly #calls: Calls;
  readonly #send: CallHandler;

  constructor(calls: Calls, middleware: readonly Middleware[]) {
    this.#calls = calls;
    this.#send = chain(middleware, (call) => calls.send(call));
  }

  call(call: ToolCall): Promise<Message> {
    const { pool } = call.route;
    return pool === undefined ? this.#pass(call) : this.#calls.sendToPool(call, pool, (attempt) => this.#pass(attempt));
  }

  #pass(call: ToolCall): Promise<Message> {
    return this.#calls.observed(call, this.#send);
  }
}
