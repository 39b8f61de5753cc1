/** Which backend the facts call for, and the sentence that says so. */
import { BACKEND_RULES, type BackendFacts } from './rules.ts';

export interface BackendDecision {
  readonly backend: 'ssh2' | 'openssh';
  /** For people: doctor and the log. */
  readonly reason: string;
}

export function decideBackend(facts: BackendFacts): BackendDecision {
  const rule = BACKEND_RULES.find(({ applies }) => applies(facts));
  if (rule === undefined) return { backend: 'ssh2', reason: 'nothing here needs the system\'s ssh' };
  return { backend: 'openssh', reason: `${rule.option}: ${rule.why}` };
}
