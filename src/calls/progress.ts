/**
 * Progress of calls. A client that asked for progress hears that its call waits for a host or server to come up.
 *
 * The numbers of one call must rise (MCP, utilities/progress). Ours are 0, 0.01, 0.02 and so on, and a server's own
 * number that would not rise above ours is raised a little.
 */
import type { CancelTimer, Clock } from '../base/clock.ts';
import { serverId } from '../catalog/route.ts';
import type { ServerPlan } from '../config/plan.ts';
import { valueAt } from '../protocol/json-scan.ts';
import type { Message } from '../protocol/message.ts';
import type { Edit } from '../protocol/splice.ts';
import type { Call } from './call.ts';

const FIRST_MS = 300;
const EVERY_MS = 1_000;
const STEP = 0.01;

/** Waits for `work`, and sends a progress notification every second until `work` has settled. */
export async function whileWaiting<T>(work: Promise<T>, call: Call, server: ServerPlan, clock: Clock): Promise<T> {
  const token = call.request.param('_meta', 'progressToken');
  if (token === undefined) return work;
  const stop = notifyWaiting(call, call.request.raw(token), serverId(server), clock);
  try {
    return await work;
  } finally {
    stop();
  }
}

function notifyWaiting(call: Call, tokenText: string, server: string, clock: Clock): CancelTimer {
  const message = JSON.stringify(`waiting for ${server} to come up`);
  const notify = (): void => {
    const progress = next(call);
    call.caller.peer.notify(
      'notifications/progress',
      `{"progressToken":${tokenText},"progress":${progress},"message":${message}}`,
    );
    cancel = clock.after(EVERY_MS, notify, { background: true });
  };
  let cancel = clock.after(FIRST_MS, notify, { background: true });
  return () => {
    cancel();
  };
}

/** A call goes to an instance: after another attempt of the call, the numbers must rise above those of that attempt. */
export function startsAttempt(call: Call): void {
  call.lastProgress ??= call.progress === undefined ? undefined : numberOf(call.progress);
}

/** Raises the server's number where it would not rise. A call that never waited gets every number as the server wrote it. */
export function risingEdits(call: Call, progress: Message): readonly Edit[] {
  const { lastProgress } = call;
  const value = lastProgress === undefined ? undefined : numberOf(progress);
  const span = progress.param('progress');
  if (lastProgress === undefined || value === undefined || span === undefined) return [];
  if (value > lastProgress) {
    call.lastProgress = value;
    return [];
  }
  return [{ span, text: String(next(call)) }];
}

function next(call: Call): number {
  call.lastProgress = call.lastProgress === undefined ? 0 : above(call.lastProgress);
  return call.lastProgress;
}

function above(last: number): number {
  // Rounded, so that people read 0.03 and not 0.030000000000000002. Doubles above 1e14 have no hundredths.
  const hundredths = Math.round((last + STEP) * 100) / 100;
  const raised = hundredths > last ? hundredths : last + Math.max(1, Math.abs(last) * Number.EPSILON);
  return Number.isFinite(raised) ? raised : last;
}

function numberOf(progress: Message): number | undefined {
  const span = progress.param('progress');
  const value = span === undefined ? undefined : valueAt(progress.bytes, span);
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}
