/** Tells a client that asked for progress that its call waits for a host or server to come up. */
import type { CancelTimer, Clock } from '../base/clock.ts';
import type { ToolCall } from './call.ts';

const FIRST_MS = 300;
const EVERY_MS = 1_000;

/** `work`, with a progress notification now and then until it has settled. */
export async function whileWaiting<T>(work: Promise<T>, call: ToolCall, clock: Clock): Promise<T> {
  const token = call.request.param('_meta', 'progressToken');
  if (token === undefined) return work;
  const stop = tellProgress(call, call.request.raw(token), clock);
  try {
    return await work;
  } finally {
    stop();
  }
}

/**
 * Progress must grow with every notification (MCP, utilities/progress), and the server's own begins
 * at 0 or above: so ours stays below 0 and comes nearer to it.
 */
function tellProgress(call: ToolCall, tokenText: string, clock: Clock): CancelTimer {
  const { host, name } = call.route.server;
  const message = JSON.stringify(`waiting for ${host}/${name} to come up`);
  let count = 0;
  const tell = (): void => {
    count += 1;
    call.caller.peer.notify(
      'notifications/progress',
      `{"progressToken":${tokenText},"progress":${-1 / count},"message":${message}}`,
    );
    cancel = clock.after(EVERY_MS, tell, { background: true });
  };
  let cancel = clock.after(FIRST_MS, tell, { background: true });
  return () => {
    cancel();
  };
}
