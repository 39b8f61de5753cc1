/**
 * Sockets read into one buffer that stays. Node would make a buffer of 64 KB for every chunk, cut it to size and leave it
 * to the garbage collector; here a chunk costs a copy, beside others where it is small.
 */
import { connect, type NetConnectOpts, Socket } from 'node:net';
import { pushDirectly } from './direct-readable.ts';
import { Slab } from './slab.ts';

/** What is read at once: of a large message the more the better, and of small ones more than ever came. */
const READ_BYTES = 256 * 1024;

/** As `net.connect`. */
export function connectDirect(options: NetConnectOpts): Socket {
  const socket: Socket = connect({ ...options, onread: readInto(() => socket) });
  pushDirectly(socket);
  return socket;
}

/** What comes on a pipe or socket that the process was started with. Throws where the descriptor is neither. */
export function openInput(fd: number): Socket {
  // Node's types lack `onread` here; its documentation has it (net, new net.Socket).
  const options = { fd, readable: true, writable: false, onread: readInto(() => socket) };
  const socket: Socket = new Socket(options);
  pushDirectly(socket);
  return socket;
}

function readInto(socket: () => Socket): NonNullable<NetConnectOpts['onread']> {
  const slab = new Slab();
  return {
    buffer: Buffer.allocUnsafeSlow(READ_BYTES),
    callback: (count, bytes) => {
      const chunk = slab.take(count);
      chunk.set(count === bytes.length ? bytes : bytes.subarray(0, count));
      return socket().push(chunk);
    },
  };
}
