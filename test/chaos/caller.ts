/** An AI client that calls all along, and checks that every answer is its own. */
import { PassThrough } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClientSession } from '../../src/downstream/session.ts';
import { openStreamDoor, type StreamDoor } from '../../src/downstream/stream-door.ts';
import type { Gateway } from '../../src/gateway/gateway.ts';
import type { Asked, Ledger, ToolName } from './ledger.ts';
import type { Chance } from './random.ts';

interface Reply {
  readonly id?: number;
  readonly method?: string;
  readonly result?: { readonly content?: readonly { readonly text?: string }[]; readonly isError?: boolean };
  readonly error?: { readonly code: number; readonly message: string };
}

export interface CallerDeps {
  readonly ledger: Ledger;
  readonly chance: Chance;
  /** `host__server` of those it calls. */
  readonly servers: readonly string[];
}

/** At once; a model asks for a few things at a time. */
const MOST_AT_ONCE = 4;

export class Caller {
  readonly name: string;
  readonly #gateway: Gateway;
  readonly #ledger: Ledger;
  readonly #chance: Chance;
  readonly #input = new PassThrough();
  readonly #output = new PassThrough();
  readonly #door: StreamDoor<ClientSession>;
  readonly #waiting = new Map<number, Asked>();
  readonly #cancelled = new Set<number>();
  readonly #running: Promise<void>;
  /** Of the last answer that was none. */
  lastText = '';
  #rest = '';
  #lastId = 0;
  #isLeaving = false;
  #isReading = true;

  constructor(name: string, gateway: Gateway, { ledger, chance, servers }: CallerDeps) {
    this.name = name;
    this.#gateway = gateway;
    this.#ledger = ledger;
    this.#chance = chance;
    this.#door = openStreamDoor({
      input: this.#input,
      output: this.#output,
      maxMessageBytes: 1 << 26,
      open: (writer) => gateway.openSession(writer),
    });
    this.#output.setEncoding('utf8').on('data', (text: string) => {
      const lines = (this.#rest + text).split('\n');
      this.#rest = lines.pop() ?? '';
      for (const line of lines) this.#received(JSON.parse(line) as Reply);
    });
    this.#send({
      id: 0,
      method: 'initialize',
      params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name, version: '1' } },
    });
    this.#send({ method: 'notifications/initialized' });
    this.#running = this.#callOnAndOn(servers);
  }

  /** Stops reading for a while, as a busy client does. */
  async doze(ms: number): Promise<void> {
    this.#output.pause();
    await sleep(ms);
    this.#output.resume();
  }

  /** Calls no more, and waits for the answers to what it has called. */
  async finish(withinMs: number): Promise<void> {
    this.#isLeaving = true;
    await this.#running;
    const until = performance.now() + withinMs;
    while (this.#waiting.size > 0 && performance.now() < until) await sleep(20);
  }

  /** Calls once and says whether it was answered. */
  async isAnswered(server: string): Promise<boolean> {
    const { asked } = this.#ask(server, 'safe', {});
    while (asked.outcome === undefined) await sleep(5);
    return asked.outcome === 'ok';
  }

  /** Goes away, whatever it waits for. */
  async leave(): Promise<void> {
    this.#isLeaving = true;
    this.#isReading = false;
    for (const asked of this.#waiting.values()) this.#ledger.settle(asked, 'client-left');
    this.#waiting.clear();
    this.#input.end();
    this.#gateway.closeSession(this.#door.session, await this.#door.ended);
    this.#output.destroy();
    await this.#running;
  }

  async #callOnAndOn(servers: readonly string[]): Promise<void> {
    while (!this.#isLeaving) {
      if (this.#waiting.size < MOST_AT_ONCE) this.#call(this.#chance.of(servers));
      await sleep(this.#chance.whole(0, 25));
    }
  }

  #call(server: string): void {
    const tool: ToolName = this.#chance.isTrue(0.01) ? 'flood' : this.#chance.isTrue(0.5) ? 'once' : 'safe';
    const ms = this.#chance.isTrue(0.2) ? this.#chance.whole(1, 400) : 0;
    const bytes = this.#chance.isTrue(0.05) ? 200_000 : 10;
    const { id } = this.#ask(server, tool, { ms, bytes });
    if (this.#chance.isTrue(0.03)) this.#cancel(id);
  }

  #ask(server: string, tool: ToolName, more: object): { readonly id: number; readonly asked: Asked } {
    this.#lastId += 1;
    const id = this.#lastId;
    const asked = this.#ledger.ask(`${this.name}-${id}`, this.name, tool);
    this.#waiting.set(id, asked);
    const params = { name: `${server}__${tool}`, arguments: { id: asked.id, ...more } };
    this.#send({ id, method: 'tools/call', params });
    return { id, asked };
  }

  /** It gets no answer to that, or one that was under way already. */
  #cancel(id: number): void {
    const asked = this.#waiting.get(id);
    if (asked === undefined) return;
    this.#send({ method: 'notifications/cancelled', params: { requestId: id, reason: 'chaos' } });
    this.#waiting.delete(id);
    this.#cancelled.add(id);
    this.#ledger.settle(asked, 'cancelled');
  }

  #send(message: object): void {
    this.#input.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  }

  #received(reply: Reply): void {
    if (!this.#isReading || reply.id === undefined || reply.id === 0 || reply.method !== undefined) return;
    const asked = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if (asked !== undefined) this.#settle(asked, reply);
    else if (!this.#cancelled.delete(reply.id))
      this.#ledger.broken.push(`${this.name} was sent a reply to ${reply.id}, which it does not wait for`);
  }

  #settle(asked: Asked, { result, error }: Reply): void {
    const text = result?.content?.[0]?.text ?? '';
    if (error !== undefined || result?.isError === true) this.lastText = error?.message ?? text;
    if (error !== undefined) this.#ledger.settle(asked, 'refused', `${error.code} ${kindOf(error.message)}`);
    else if (result?.isError === true) this.#ledger.settle(asked, 'failed', kindOf(text));
    else {
      this.#ledger.settle(asked, 'ok');
      const whose = text.slice(0, text.indexOf(' '));
      if (whose !== asked.id) this.#ledger.broken.push(`${asked.id} was given the answer to ${whose}`);
    }
  }
}

/** Without what differs from one time to the next. */
function kindOf(message: string): string {
  const code = /\(([A-Z_]+)\)/u.exec(message)?.[1];
  return code ?? message.replaceAll(/c\d+-\d+|\d+(\.\d+)?/gu, '#').slice(0, 60);
}
