/** What `ssh -G` said, asked once for everybody who takes part in one dial. */
import { orAbort } from '../../base/abort.ts';
import type { SshPlan } from '../../config/plan.ts';
import type { SshSettings } from '../ssh-config.ts';
import type { ResolveSettings } from '../ssh2/route.ts';

const NEVER = new AbortController().signal;

export class SettingsMemo {
  readonly #ask: ResolveSettings;
  readonly #answers = new Map<string, Promise<SshSettings>>();

  constructor(ask: ResolveSettings) {
    this.#ask = ask;
  }

  /** From here on ssh is asked anew: the configuration may have changed. */
  forget(): void {
    this.#answers.clear();
  }

  /** An abort ends only the caller's waiting, for others may wait for the same answer. */
  readonly resolve = (plan: SshPlan, signal: AbortSignal): Promise<SshSettings> => {
    const key = JSON.stringify(plan);
    const answer = this.#answers.get(key) ?? this.#ask(plan, NEVER);
    this.#answers.set(key, answer);
    return orAbort(answer, signal);
  };
}
