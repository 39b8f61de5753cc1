/** Brings SSH_AUTH_SOCK of the links up to date before each dial: an agent may end, and begin anew elsewhere. */
import type { Clock } from '../base/clock.ts';
import type { Environment } from '../config/paths.ts';
import type { AgentSearch } from '../link/agent-search.ts';
import type { ClientEnvironments } from './client-environments.ts';

export interface AgentRefreshDeps {
  readonly env: Environment;
  readonly homeDir: string;
  readonly clock: Clock;
}

export function agentRefresher(
  environments: ClientEnvironments,
  { env, homeDir, clock }: AgentRefreshDeps,
): (signal: AbortSignal) => Promise<void> {
  let search: AgentSearch | undefined;
  return async (signal) => {
    // Loaded with the first dial: start-up time.
    const { AgentSearch } = await import('../link/agent-search.ts');
    const runtimeDir = env['XDG_RUNTIME_DIR'];
    search ??= new AgentSearch({
      clock,
      platform: process.platform,
      homeDir,
      runtimeDir,
      offered: () => environments.agents,
    });
    environments.useAgent(await search.find(signal));
  };
}
