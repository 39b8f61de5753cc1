/** Keys of a terminal as they are typed. */
import type { CancelTimer, Clock } from '../base/clock.ts';
import { type Key, KeyReader } from './keys.ts';

export interface KeyboardDeps {
  readonly stdin: Pick<NodeJS.ReadStream, 'on' | 'off'>;
  readonly clock: Clock;
  readonly onKeys: (keys: readonly Key[]) => void;
  /** Nobody can type any more. */
  readonly onEnd: () => void;
}

/** An Escape that nothing followed for so long was the key, ms. */
const ESCAPE_MS = 50;

/** Returns what stops it. */
export function listenToKeys({ stdin, clock, onKeys, onEnd }: KeyboardDeps): () => void {
  const reader = new KeyReader();
  let cancel: CancelTimer = () => undefined;
  const onData = (bytes: Uint8Array): void => {
    cancel();
    onKeys(reader.push(bytes));
    if (!reader.isWaiting) return;
    cancel = clock.after(ESCAPE_MS, () => {
      onKeys(reader.flush());
    });
  };
  stdin.on('data', onData);
  stdin.on('end', onEnd);
  return () => {
    cancel();
    stdin.off('data', onData);
    stdin.off('end', onEnd);
  };
}
