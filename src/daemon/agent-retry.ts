/** A client has brought an ssh agent: hosts that nothing let us into are tried again. */
import type { Gateway } from '../gateway/gateway.ts';
import type { Link } from '../link/contract.ts';

/** Resolves when each host is there, or on its way. Never rejects. */
export async function retryWithAgent(gateway: Gateway, signal: AbortSignal): Promise<void> {
  await Promise.all(gateway.plan.hosts.map(({ name }) => retry(gateway.link(name), signal)));
}

async function retry(link: Link, signal: AbortSignal): Promise<void> {
  // An attempt under way may have begun without the agent.
  if (link.state.kind === 'connecting') await link.ready(signal).catch(() => undefined);
  if (signal.aborted || link.state.kind !== 'refused') return;
  const { code } = link.state.cause;
  if (code === 'AUTH_FAILED' || code === 'KEY_UNUSABLE' || code === 'NO_TTY')
    link.wake('a client brought an ssh agent', { user: true });
}
