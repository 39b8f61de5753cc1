/** Which backend a host's machines call for, and the sentence that says so. */
import { BACKEND_RULES, type BackendFacts, type BackendRule } from './rules.ts';

export interface BackendDecision {
  readonly backend: 'ssh2' | 'openssh';
  /** For people: doctor and the log. */
  readonly reason: string;
}

/** `machines`: the host and its jump hosts; one that needs the system's ssh takes all with it. */
export function decideBackend(machines: readonly BackendFacts[]): BackendDecision {
  for (const facts of machines) {
    const rule = ruleFor(facts);
    if (rule !== undefined)
      return { backend: 'openssh', reason: `${rule.option} of ${facts.settings.alias}: ${rule.why}` };
  }
  return { backend: 'ssh2', reason: "nothing here needs the system's ssh" };
}

function ruleFor(facts: BackendFacts): BackendRule | undefined {
  return BACKEND_RULES.find(({ applies }) => applies(facts));
}
