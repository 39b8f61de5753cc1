/** Opens the channel of a server for somebody who may have gone when it comes. */
import type { Launch } from '../launch/contract.ts';
import type { LaunchedChannel, Link } from '../link/contract.ts';

/** A channel that comes when nobody waits for it any more is closed: what runs in it would run for ever. */
export async function openInTime(link: Link, launch: Launch, signal: AbortSignal): Promise<LaunchedChannel> {
  const channel = await link.open(launch, signal);
  if (signal.aborted) channel.close();
  return channel;
}
