/** What `ssh -G` said, asked once for everybody who takes part in one dial. */
import { orAbort } from '../../base/abort.ts';
import type { SshPlan } from '../../config/plan.ts';
import type { LinkDeps } from '../contract.ts';
import { resolveSshSettings, type SshSettings } from '../ssh-config.ts';

export class SettingsMemo {
  readonly #deps: LinkDeps;
  readonly #answers = new Map<string, Promise<SshSettings>>();

  constructor(deps: LinkDeps) {
    this.#deps = deps;
  }

  /** From here on ssh is asked anew: the configuration may have changed. */
  forget(): void {
    this.#answers.clear();
  }

  /** An abort ends only the caller's waiting, for others may wait for the same answer. */
  readonly resolve = (plan: SshPlan, signal: AbortSignal): Promise<SshSettings> => {
    const key = JSON.stringify(plan);
    const answer = this.#answers.get(key) ?? resolveSshSettings(plan, this.#deps);
    this.#answers.set(key, answer);
    return orAbort(answer, signal);
  };
}
