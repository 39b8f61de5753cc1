/** Answers of `ssh -G`, kept for 5 s: one dial asks several times, and twenty hosts behind one jump host ask twenty times for that. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { orAbort } from '../base/abort.ts';
import { environmentForHelpers } from '../config/environment.ts';
import type { SshPlan } from '../config/plan.ts';
import type { DialerDeps } from '../launch/contract.ts';
import type { SshSettings } from './config.ts';

const KEPT_MS = 5_000;

interface Answer {
  readonly settings: Promise<SshSettings>;
  readonly askedMs: number;
  readonly asking: AbortController;
  waiting: number;
}

type Ask = (plan: SshPlan, env: DialerDeps['env'], signal: AbortSignal) => Promise<SshSettings>;

export class SettingsMemo {
  readonly #deps: Pick<DialerDeps, 'clock' | 'homeDir'>;
  readonly #ask: Ask;
  readonly #answers = new Map<string, Answer>();

  constructor(deps: Pick<DialerDeps, 'clock' | 'homeDir'>, ask: Ask) {
    this.#deps = deps;
    this.#ask = ask;
  }

  /** An abort ends the caller's waiting. When the last caller has gone, ssh is ended too. */
  async resolve(plan: SshPlan, given: DialerDeps['env'], signal: AbortSignal): Promise<SshSettings> {
    const env = environmentForHelpers(given);
    // A changed configuration file or another client's environment makes it another question.
    const key = JSON.stringify([plan, env, stampOf(configFileOf(plan, this.#deps.homeDir))]);
    const answer = this.#kept(key) ?? this.#begin(key, plan, env);
    answer.waiting += 1;
    try {
      return await orAbort(answer.settings, signal);
    } catch (error) {
      if (signal.aborted && answer.waiting === 1) this.#giveUp(key, answer, signal.reason);
      throw error;
    } finally {
      answer.waiting -= 1;
    }
  }

  #kept(key: string): Answer | undefined {
    const oldestMs = this.#deps.clock.monotonic() - KEPT_MS;
    for (const [other, { askedMs, waiting }] of this.#answers)
      if (askedMs < oldestMs && waiting === 0) this.#answers.delete(other);
    const answer = this.#answers.get(key);
    return answer === undefined || answer.askedMs < oldestMs ? undefined : answer;
  }

  #begin(key: string, plan: SshPlan, env: DialerDeps['env']): Answer {
    const asking = new AbortController();
    const answer = {
      settings: this.#ask(plan, env, asking.signal),
      askedMs: this.#deps.clock.monotonic(),
      asking,
      waiting: 0,
    };
    this.#answers.set(key, answer);
    // A failure is not kept.
    answer.settings.catch(() => {
      this.#forget(key, answer);
    });
    return answer;
  }

  #giveUp(key: string, answer: Answer, reason: unknown): void {
    this.#forget(key, answer);
    answer.asking.abort(reason);
  }

  #forget(key: string, answer: Answer): void {
    if (this.#answers.get(key) === answer) this.#answers.delete(key);
  }
}

/** The user's configuration file, which ssh reads first. */
export function configFileOf(plan: SshPlan, homeDir: string): string {
  return plan.configFile ?? join(homeDir, '.ssh', 'config');
}

/** Changes when the file is written, replaced, created or removed. */
export function stampOf(path: string): string {
  try {
    const { ino, size, mtimeMs, ctimeMs } = statSync(path);
    return [path, ino, size, mtimeMs, ctimeMs].join(' ');
  } catch {
    return path;
  }
}
