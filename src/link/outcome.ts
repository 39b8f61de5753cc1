/** How waiting for a link ends, by the state it is in. */
import { AnywhereError } from '../base/errors.ts';
import type { LinkState } from './contract.ts';

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
