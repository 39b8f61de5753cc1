/** Connects to a socket on this machine. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { orAbort } from './abort.ts';

/** After that an error only closes the socket: readers listen to `close`. */
export async function connectedTo(path: string, signal: AbortSignal): Promise<Socket> {
  signal.throwIfAborted();
  const socket = connect({ path }).on('error', () => undefined);
  try {
    await orAbort(once(socket, 'connect'), signal);
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}
