/** Gathers what the rules look at: a few small files, and the agent only where nothing else could log in. */

import { agentKeyTypes } from '../../ssh/agent-info.ts';
import type { SshSettings } from '../../ssh/config.ts';
import { lookAtKeyFile } from '../../ssh/key-file.ts';
import { lookupKnownHost } from '../../ssh/known-hosts.ts';
import type { LinkDeps } from '../contract.ts';
import type { BackendFacts } from './rules.ts';

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
