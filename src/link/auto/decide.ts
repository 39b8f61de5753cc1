/** Which backend a host's machines call for, and the sentence that says so. */
import { agentKeyTypes } from '../../ssh/agent.ts';
import type { SshSettings } from '../../ssh/config.ts';
import { lookAtKeyFile } from '../../ssh/key-file.ts';
import { lookupKnownHost } from '../../ssh/known-hosts.ts';
import type { LinkDeps } from '../contract.ts';
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

/** What the rules look at: a few small files, and the agent only where nothing else could log in. */
export async function gatherFacts(
  settings: SshSettings,
  deps: Pick<LinkDeps, 'clock'>,
  signal: AbortSignal,
): Promise<BackendFacts> {
  const [found, known] = await Promise.all([
    Promise.all(settings.identityFiles.map(lookAtKeyFile)),
    lookupKnownHost(settings),
  ]);
  const keys = found.filter((key) => key !== undefined);
  const agent = keys.some((key) => key.kind === 'plain') ? undefined : settings.identityAgent;
  return {
    settings,
    keys,
    hostAuthority: known.authorities.length > 0,
    agentTypes: agent === undefined ? undefined : await agentKeyTypes(agent, deps.clock, signal),
  };
}
