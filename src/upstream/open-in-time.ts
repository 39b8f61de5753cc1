/** The launch of a server: in its turn, and for somebody who may have gone when the channel comes. */
import { orAbort } from '../base/abort.ts';
import type { CancelTimer, Clock } from '../base/clock.ts';
import type { Turn } from '../base/turns.ts';
import type { Launch } from '../launch/launch.ts';
import type { LaunchedChannel, Link } from '../link/contract.ts';

/** A server that takes longer to answer makes room for the next launch. */
const TURN_MS = 2_000;

/** @param signal ends the waiting for the turn, and takes the launch out of the queue */
export async function inTurn<T>(
  turn: Turn | undefined,
  clock: Clock,
  signal: AbortSignal,
  launch: () => Promise<T>,
): Promise<T> {
  if (turn === undefined) return await launch();
  let cancel: CancelTimer = () => undefined;
  try {
    await orAbort(turn.begun, signal);
    const makeRoom = (): void => {
      turn.end();
    };
    cancel = clock.after(TURN_MS, makeRoom, { background: true });
    return await launch();
  } finally {
    cancel();
    turn.end();
  }
}

/** A channel that comes when nobody waits for it any more is closed: what runs in it would run for ever. */
export async function openInTime(link: Link, launch: Launch, signal: AbortSignal): Promise<LaunchedChannel> {
  const channel = await link.open(launch, signal);
  if (signal.aborted) channel.close();
  return channel;
}
