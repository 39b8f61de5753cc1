/** The end of a connection: what was written before is still delivered, to a side that reads. */
import type { Socket } from 'node:net';
import type { Clock } from '../base/clock.ts';

/** How long the other side may take to read what is on its way. */
const LINGER_MS = 1_000;

export function endSocket(socket: Socket, clock: Pick<Clock, 'after'>, last = ''): void {
  if (socket.destroyed) return;
  if (!socket.writableEnded) socket.end(last);
  // What it goes on to send is nothing that we could answer: it is not carried out, and its end must be seen.
  socket.removeAllListeners('data').resume();
  const cancel = clock.after(LINGER_MS, () => socket.destroy(), { background: true });
  socket.once('close', cancel);
}
