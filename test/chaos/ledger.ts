/** What was asked for, what came of it, and what the servers wrote down. */
import { readFileSync } from 'node:fs';
import { told } from './told.ts';

/** `list`: all tools, which no server carries out. */
export type ToolName = 'once' | 'safe' | 'again' | 'flood' | 'list';

/** How often each may be carried out for one request. Of a flood nobody writes down anything. */
const MOST = { once: 1, safe: 2, again: 2, flood: 0, list: 0 } as const;

export interface Asked {
  readonly id: string;
  readonly tool: ToolName;
  readonly atMs: number;
  outcome: Outcome | undefined;
  answeredMs: number | undefined;
}

export type Outcome = 'ok' | 'failed' | 'refused' | 'cancelled' | 'client-left';

export class Ledger {
  readonly #asked = new Map<string, Asked>();
  /** What must never happen, in words. */
  readonly broken: string[] = [];
  readonly #failures = new Map<string, number>();

  get calls(): number {
    return this.#asked.size;
  }

  ask(id: string, tool: ToolName): Asked {
    const asked: Asked = { id, tool, atMs: performance.now(), outcome: undefined, answeredMs: undefined };
    this.#asked.set(id, asked);
    return asked;
  }

  settle(asked: Asked, outcome: Outcome, why = ''): void {
    if (asked.outcome !== undefined) this.broken.push(`${asked.id} was answered twice: ${asked.outcome}, ${outcome}`);
    asked.outcome = outcome;
    asked.answeredMs = performance.now();
    if (why !== '') this.#failures.set(why, (this.#failures.get(why) ?? 0) + 1);
  }

  /** @param deadlineMs the longest that any call may take */
  check(files: readonly string[], deadlineMs: number): void {
    const executed = executions(files);
    for (const asked of this.#asked.values()) this.#checkOne(asked, executed.get(asked.id) ?? [], deadlineMs);
    for (const id of executed.keys())
      if (!this.#asked.has(id)) this.broken.push(`${id} was executed and nobody asked for it`);
  }

  #checkOne({ id, tool, atMs, outcome, answeredMs }: Asked, places: readonly string[], deadlineMs: number): void {
    if (outcome === undefined) this.broken.push(`${id} (${tool}) was never answered`);
    const tookMs = (answeredMs ?? performance.now()) - atMs;
    if (tookMs > deadlineMs) this.broken.push(`${id} (${tool}) took ${Math.round(tookMs)} ms: ${String(outcome)}`);
    if (places.length > MOST[tool]) this.broken.push(`${id} (${tool}) was executed at ${places.join(' and ')}`);
    if (outcome === 'ok' && MOST[tool] > 0 && places.length === 0)
      this.broken.push(`${id} (${tool}) was answered and never executed`);
  }

  summary(): string {
    const counts = new Map<string, number>();
    for (const { outcome } of this.#asked.values()) counts.set(String(outcome), (counts.get(String(outcome)) ?? 0) + 1);
    return `${this.calls} calls: ${told(counts)}\nfailed with: ${told(this.#failures)}`;
  }
}

/** Where each was carried out: a line is `tool id pid`. */
function executions(files: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const file of files)
    for (const line of readFileSync(file, 'utf8').split('\n')) {
      const [, id, pid] = line.split(' ');
      if (id === undefined) continue;
      const places = found.get(id) ?? [];
      places.push(`${file} by ${String(pid)}`);
      found.set(id, places);
    }
  return found;
}
