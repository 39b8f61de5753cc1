/** An AI client that calls all along, and checks that every answer is its own. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Target } from './hosts-book.ts';
import type { Asked, Ledger, ToolName } from './ledger.ts';
import type { Chance } from './random.ts';
import type { Answer, Tongue, TongueEvents } from './tongue.ts';

export interface CallerDeps {
  readonly ledger: Ledger;
  readonly chance: Chance;
  readonly targets: readonly Target[];
  readonly speak: (events: TongueEvents) => Tongue;
  /** True where the program may have ended by itself: nobody could have served it. */
  readonly mayEnd: () => boolean;
}

/** At once; a model asks for a few things at a time. */
const MOST_AT_ONCE = 4;
const MOMENT_MS = 1_000;

export class Caller {
  readonly name: string;
  readonly #deps: CallerDeps;
  readonly #tongue: Tongue;
  /** With how to cancel each. */
  readonly #waiting = new Map<Asked, () => void>();
  readonly #running: Promise<void>;
  /** Of the last answer that was none. */
  lastText = '';
  #count = 0;
  #isLeaving = false;
  #isOver = false;

  constructor(name: string, deps: CallerDeps) {
    this.name = name;
    this.#deps = deps;
    this.#tongue = deps.speak({
      onBroken: (what) => deps.ledger.broken.push(`${name} ${what}`),
      onEnded: (how) => {
        this.#ended(how);
      },
    });
    this.#running = this.#callOnAndOn();
  }

  /** Nobody answers it any more. */
  get isOver(): boolean {
    return this.#isOver;
  }

  doze(ms: number): Promise<void> {
    return this.#tongue.doze(ms);
  }

  /** Calls no more, and waits for the answers to what it has called. */
  async finish(withinMs: number): Promise<void> {
    this.#isLeaving = true;
    await this.#running;
    const until = performance.now() + withinMs;
    while (this.#waiting.size > 0 && performance.now() < until) await sleep(20);
  }

  /** Calls once and says whether it was answered. */
  async isAnswered(target: Target): Promise<boolean> {
    const asked = this.#ask(target, 'safe', {});
    while (asked.outcome === undefined) await sleep(5);
    return asked.outcome === 'ok';
  }

  /** Goes away, whatever it waits for. */
  leave(): Promise<void> {
    return this.#go(() => this.#tongue.leave());
  }

  /** What it speaks to is killed, and it with it. */
  die(): Promise<void> {
    return this.#go(() => this.#tongue.kill?.() ?? this.#tongue.leave());
  }

  async #go(how: () => Promise<void>): Promise<void> {
    this.#isOver = true;
    this.#isLeaving = true;
    for (const asked of this.#waiting.keys()) this.#deps.ledger.settle(asked, 'client-left');
    this.#waiting.clear();
    await how();
    await this.#running;
  }

  /** By itself. Whoever waited has been told before; what was written at the very moment nobody has read. */
  #ended(how: string): void {
    const { ledger, mayEnd } = this.#deps;
    const sinceMs = performance.now() - MOMENT_MS;
    if (!mayEnd()) ledger.broken.push(`what served ${this.name} ended by itself: ${how}`);
    else if ([...this.#waiting.keys()].some(({ atMs }) => atMs < sinceMs))
      ledger.broken.push(`${this.name} was left waiting: ${how}`);
    this.#isOver = true;
    this.#isLeaving = true;
    for (const asked of this.#waiting.keys()) ledger.settle(asked, 'client-left');
    this.#waiting.clear();
  }

  async #callOnAndOn(): Promise<void> {
    const { chance, targets } = this.#deps;
    while (!this.#isLeaving) {
      if (this.#waiting.size < MOST_AT_ONCE) this.#call(chance.of(targets));
      await sleep(chance.whole(0, 40));
    }
  }

  #call(target: Target): void {
    const { chance } = this.#deps;
    const ms = chance.isTrue(0.2) ? chance.whole(1, 400) : 0;
    const bytes = chance.isTrue(0.05) ? 200_000 : 10;
    const asked = this.#ask(target, chosenTool(chance), { ms, bytes });
    if (chance.isTrue(0.03)) this.#cancel(asked);
  }

  #ask({ prefix, host }: Target, tool: ToolName, more: object): Asked {
    this.#count += 1;
    const asked = this.#deps.ledger.ask(`${this.name}-${this.#count}`, tool);
    const meta = host === undefined ? {} : { _meta: { 'mcp-anywhere/host': host } };
    const call = { name: `${prefix}__${tool}`, arguments: { id: asked.id, ...more }, ...meta };
    // The answer may come before it is said how to cancel it.
    this.#waiting.set(asked, () => undefined);
    const [method, params] = tool === 'list' ? ['tools/list', {}] : ['tools/call', call];
    const cancel = this.#tongue.ask(method, params, (answer) => {
      if (this.#waiting.delete(asked)) this.#settle(asked, answer);
    });
    if (this.#waiting.has(asked)) this.#waiting.set(asked, cancel);
    return asked;
  }

  #cancel(asked: Asked): void {
    const cancel = this.#waiting.get(asked);
    if (cancel === undefined) return;
    this.#waiting.delete(asked);
    this.#deps.ledger.settle(asked, 'cancelled');
    cancel();
  }

  #settle(asked: Asked, { kind, text, code }: Answer): void {
    const { ledger } = this.#deps;
    if (kind !== 'ok') this.lastText = text;
    if (kind === 'error') ledger.settle(asked, 'refused', `${String(code)} ${kindOf(text)}`);
    else if (kind === 'tool-error') ledger.settle(asked, 'failed', kindOf(text));
    else {
      ledger.settle(asked, 'ok');
      const whose = text.slice(0, text.indexOf(' '));
      if (asked.tool !== 'list' && whose !== asked.id)
        ledger.broken.push(`${asked.id} was given the answer to ${whose}`);
    }
  }
}

function chosenTool(chance: Chance): ToolName {
  if (chance.isTrue(0.01)) return 'flood';
  if (chance.isTrue(0.02)) return 'list';
  return chance.of(['once', 'once', 'once', 'safe', 'safe', 'again'] as const);
}

/** Without what differs from one time to the next. */
function kindOf(message: string): string {
  const code = /\(([A-Z_]+)\)/u.exec(message)?.[1];
  return code ?? message.replaceAll(/\S*__\S*|\/\S+|\d+(\.\d+)?|\n[^]*/gu, '#').slice(0, 60);
}
