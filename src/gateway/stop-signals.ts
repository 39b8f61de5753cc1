/** Besides its client, signals and the death of its parent end a foreground gateway. */
import type { CancelTimer, Clock } from '../base/clock.ts';

const SIGNALS = ['SIGTERM', 'SIGHUP', 'SIGINT'] as const;
const PARENT_CHECK_MS = 1_000;

export interface StopSignals {
  /** Resolves with the reason. */
  readonly stopped: Promise<string>;
  readonly dispose: () => void;
}

/** A dead parent is noticed by its pid, because another process may keep our stdin open. */
export function listenForStop(clock: Clock, process: NodeJS.Process): StopSignals {
  let stop: (reason: string) => void = () => undefined;
  const stopped = new Promise<string>((resolve) => {
    stop = resolve;
  });
  const onSignal = (signal: NodeJS.Signals): void => {
    stop(signal);
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  const parent = process.ppid;
  let cancel: CancelTimer = () => undefined;
  const check = (): void => {
    if (process.ppid !== parent) stop('the parent process ended');
    else cancel = clock.after(PARENT_CHECK_MS, check, { background: true });
  };
  check();
  return {
    stopped,
    dispose: () => {
      cancel();
      for (const signal of SIGNALS) process.off(signal, onSignal);
    },
  };
}
