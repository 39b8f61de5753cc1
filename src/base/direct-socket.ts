/**
 * Sockets read into one buffer that stays. Node would make a buffer of 64 KB for every chunk, cut it to size and leave it
 * to the garbage collector; here a chunk costs a copy, into Node's pool of small buffers where it is one.
 */
import { connect, type NetConnectOpts, Socket } from 'node:net';
import { pushDirectly } from './direct-readable.ts';

/** What is read at once. */
const READ_BYTES = 64 * 1024;

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
  return {
    buffer: Buffer.allocUnsafeSlow(READ_BYTES),
    callback: (count, bytes) => {
      const chunk = Buffer.allocUnsafe(count);
      chunk.set(count === bytes.length ? bytes : bytes.subarray(0, count));
      return socket().push(chunk);
    },
  };
}
