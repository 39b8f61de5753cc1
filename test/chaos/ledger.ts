/** What was asked for, what came of it, and what the servers wrote down. */
import { readFileSync } from 'node:fs';

export type ToolName = 'once' | 'safe' | 'flood';

export interface Asked {
  readonly id: string;
  readonly client: string;
  readonly tool: ToolName;
  readonly atMs: number;
  outcome: Outcome | undefined;
  answeredMs: number | undefined;
}

export type Outcome = 'ok' | 'failed' | 'refused' | 'cancelled' | 'client-left';

export class Ledger {
  readonly asked = new Map<string, Asked>();
  /** What must never happen, in words. */
  readonly broken: string[] = [];
  readonly failures = new Map<string, number>();

  ask(id: string, client: string, tool: ToolName): Asked {
    const asked: Asked = { id, client, tool, atMs: performance.now(), outcome: undefined, answeredMs: undefined };
    this.asked.set(id, asked);
    return asked;
  }

  settle(asked: Asked, outcome: Outcome, why = ''): void {
    if (asked.outcome !== undefined) this.broken.push(`${asked.id} was answered twice: ${asked.outcome}, ${outcome}`);
    asked.outcome = outcome;
    asked.answeredMs = performance.now();
    if (why !== '') this.failures.set(why, (this.failures.get(why) ?? 0) + 1);
  }

  /** @param deadlineMs the longest that any call may take */
  check(files: readonly string[], deadlineMs: number): void {
    const executed = executions(files);
    for (const asked of this.asked.values()) this.#checkOne(asked, executed.get(asked.id) ?? 0, deadlineMs);
    for (const id of executed.keys())
      if (!this.asked.has(id)) this.broken.push(`${id} was executed and nobody asked for it`);
  }

  #checkOne({ id, tool, atMs, outcome, answeredMs }: Asked, executions: number, deadlineMs: number): void {
    if (outcome === undefined) this.broken.push(`${id} (${tool}) was never answered`);
    const tookMs = (answeredMs ?? performance.now()) - atMs;
    if (tookMs > deadlineMs) this.broken.push(`${id} (${tool}) took ${Math.round(tookMs)} ms: ${String(outcome)}`);
    const most = tool === 'safe' ? 2 : 1;
    if (executions > most) this.broken.push(`${id} (${tool}) was executed ${executions} times`);
    if (outcome === 'ok' && tool !== 'flood' && executions === 0)
      this.broken.push(`${id} (${tool}) was answered and never executed`);
  }

  summary(): string {
    const counts = new Map<string, number>();
    for (const { outcome } of this.asked.values()) counts.set(String(outcome), (counts.get(String(outcome)) ?? 0) + 1);
    const of = (map: ReadonlyMap<string, number>): string =>
      [...map].map(([name, count]) => `${name} ${count}`).join(', ');
    return `${this.asked.size} calls: ${of(counts)}\nfailed with: ${of(this.failures)}`;
  }
}

function executions(files: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const line of files.flatMap((file) => readFileSync(file, 'utf8').split('\n'))) {
    const [, id] = line.split(' ');
    if (id !== undefined) counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  return counts;
}
