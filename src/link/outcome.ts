/** How waiting for a link ends, by the state it is in. */
import { AnywhereError } from '../base/errors.ts';
import type { Link, LinkState } from './contract.ts';

/** How waiting for `ready` ends in this state; undefined while it is undecided. */
export function outcome(state: LinkState, host: string): (() => Promise<void>) | undefined {
  switch (state.kind) {
    case 'ready':
      return () => Promise.resolve();
    case 'refused':
      return () => Promise.reject(state.cause);
    case 'closed':
      return () => Promise.reject(new AnywhereError('LINK_LOST', 'The link was closed', { host }));
    default:
      return undefined;
  }
}

/** Resolves once the link is ready; rejects when the attempt under way fails, or with the signal's reason. */
export function nextOutcome(link: Pick<Link, 'host' | 'onChange'>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const finish = (): void => {
      unsubscribe();
      signal.removeEventListener('abort', onAbort);
    };
    const onAbort = (): void => {
      finish();
      reject(signal.reason as Error);
    };
    const unsubscribe = link.onChange(({ to }) => {
      const settled = to.kind === 'waiting' ? () => Promise.reject(to.cause) : outcome(to, link.host);
      if (settled === undefined) return;
      finish();
      settled().then(resolve, reject);
    });
    signal.addEventListener('abort', onAbort, { once: true });
  });
}
