/** Ends an instance that nobody has used for `idleMs`: costs grow with what is used, not with what is listed. */
import type { CancelTimer, Clock } from '../base/clock.ts';
import type { Instance } from './instance.ts';

/** Calls `onIdle` once. A call under way counts as use, however long it takes, and so does a subscription. Infinity or 0: never. */
export function watchIdle(instance: Instance, idleMs: number, clock: Clock, onIdle: () => void): CancelTimer {
  if (idleMs <= 0 || !Number.isFinite(idleMs)) return () => undefined;
  const check = (): void => {
    const isInUse = instance.peer.inFlight > 0 || instance.subscriptions.uris.length > 0;
    const leftMs = isInUse ? idleMs : instance.lastUsedMs + idleMs - clock.monotonic();
    if (leftMs <= 0) onIdle();
    else cancel = clock.after(leftMs, check, { background: true });
  };
  let cancel = clock.after(idleMs, check, { background: true });
  return () => {
    cancel();
  };
}
