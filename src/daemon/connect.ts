/**
 * A connection to the daemon, its hello answered: bytes of the role follow.
 *
 * Light: every start of the shim loads it.
 */
import { connect, type Socket } from 'node:net';
import { AnywhereError } from '../base/errors.ts';
import type { Endpoint } from './endpoint.ts';
import { firstLine } from './first-line.ts';
import { errorOf, type Hello, helloLine, MAX_HELLO_BYTES, parseAnswer } from './hello.ts';
import { isOwnFolder } from './socket-folder.ts';

/**
 * Rejects with NO_DAEMON where nobody listens, or only one that is on its way out (start another); with
 * FOLDER_UNUSABLE where the socket could be somebody else's; with the daemon's own error where it refuses; with the
 * signal's reason. Give a signal with a deadline: a stopped process answers never.
 *
 * The socket begins to flow when it is read; its errors end in `close`.
 */
export async function connectDaemon(
  endpoint: Pick<Endpoint, 'socket' | 'folder'>,
  hello: Hello,
  signal: AbortSignal,
): Promise<Socket> {
  signal.throwIfAborted();
  // The hello holds secrets: whoever made that folder gets it.
  if (!(await isOwnFolder(endpoint.folder))) throw noDaemon();
  const socket = await dial(endpoint.socket, signal);
  try {
    socket.write(helloLine(hello));
    readAnswer(await firstLine(socket, MAX_HELLO_BYTES, signal));
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

function dial(path: string, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path });
    const onAbort = (): void => {
      socket.destroy();
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    socket.on('error', (error) => {
      signal.removeEventListener('abort', onAbort);
      reject(noDaemon(error));
    });
    socket.on('connect', () => {
      signal.removeEventListener('abort', onAbort);
      resolve(socket);
    });
  });
}

/** Throws unless we are served. */
function readAnswer(line: string | undefined): void {
  if (line === undefined) throw noDaemon();
  const answer = parseAnswer(line);
  if (answer === undefined) throw new AnywhereError('INTERNAL', 'what listens on the socket is no MCP-Anywhere daemon');
  if (answer.ok) return;
  const error = errorOf(answer.error);
  throw answer.restart ? noDaemon(error) : error;
}

function noDaemon(cause?: Error): AnywhereError {
  return new AnywhereError('NO_DAEMON', 'no daemon runs for this hosts file', { cause });
}
