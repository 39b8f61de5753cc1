/** A client of lines: it waits for nothing before it asks, and sees whatever it is sent. */
import { type Answer, answerOf, type OnAnswer, type Result, type Tongue, type TongueEvents } from './tongue.ts';
import type { Wire, WireEvents } from './wire.ts';

interface Reply {
  readonly id?: number;
  readonly method?: string;
  readonly result?: Result;
  readonly error?: { readonly code: number; readonly message: string };
}

export class RawTongue implements Tongue {
  readonly #events: TongueEvents;
  readonly #wire: Wire;
  readonly #waiting = new Map<number, OnAnswer>();
  readonly #cancelled = new Set<number>();
  #lastId = 0;
  #hasLeft = false;

  constructor(name: string, open: (events: WireEvents) => Wire, events: TongueEvents) {
    this.#events = events;
    this.#wire = open({
      onLine: (line) => {
        if (!this.#hasLeft) this.#received(line);
      },
      onEnded: (how) => {
        if (!this.#hasLeft) events.onEnded(how);
      },
    });
    const clientInfo = { name, version: '1' };
    this.ask('initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo }, () => undefined);
    this.#send({ method: 'notifications/initialized' });
  }

  ask(method: string, params: object, onAnswer: OnAnswer): () => void {
    this.#lastId += 1;
    const id = this.#lastId;
    this.#waiting.set(id, onAnswer);
    this.#send({ id, method, params });
    return () => {
      this.#waiting.delete(id);
      this.#cancelled.add(id);
      this.#send({ method: 'notifications/cancelled', params: { requestId: id, reason: 'chaos' } });
    };
  }

  doze(ms: number): Promise<void> {
    return this.#wire.doze(ms);
  }

  leave(): Promise<void> {
    this.#hasLeft = true;
    return this.#wire.end();
  }

  async kill(): Promise<void> {
    this.#hasLeft = true;
    await (this.#wire.kill ?? this.#wire.end)();
  }

  #send(message: object): void {
    this.#wire.send(JSON.stringify({ jsonrpc: '2.0', ...message }));
  }

  #received(line: string): void {
    const reply = parsed(line);
    if (reply === undefined) this.#events.onBroken(`was sent a line that is none: ${line.slice(0, 200)}`);
    else if (reply.id !== undefined && reply.method === undefined) this.#replied(reply.id, reply);
  }

  #replied(id: number, reply: Reply): void {
    const onAnswer = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (onAnswer !== undefined) onAnswer(toAnswer(reply));
    else if (!this.#cancelled.delete(id))
      this.#events.onBroken(`was sent a reply to ${id}, which it does not wait for`);
  }
}

function parsed(line: string): Reply | undefined {
  try {
    return JSON.parse(line) as Reply;
  } catch {
    return undefined;
  }
}

function toAnswer({ result = {}, error }: Reply): Answer {
  return error === undefined ? answerOf(result) : { text: error.message, kind: 'error', code: error.code };
}
