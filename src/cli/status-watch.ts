/** `status --watch`: drawn anew whenever something changes; without a terminal, a line for each change. */

import type { ControlNotifications } from '../api/control.ts';
import type { StatusSnapshot } from '../api/status.ts';
import { orAbort } from '../base/abort.ts';
import { sleep, systemClock } from '../base/clock.ts';
import { AnywhereError, type ExitCode } from '../base/errors.ts';
import { oneLine } from '../base/harmless.ts';
import type { ControlClient } from '../control/client.ts';
import type { CliContext } from './context.ts';
import { withRunning } from './session.ts';
import { statusText } from './status.ts';

type Told = ControlNotifications['event'];

const TYPES = [
  'host-state',
  'server-state',
  'tools-changed',
  'problem',
  'hosts-file',
  'client-joined',
  'client-left',
  'request-dropped',
  'prompt-asked',
  'prompt-settled',
] as const;

/** Many changes at once are one redraw. */
const REDRAW_MS = 250;
/** What is not told as an event (round trips, times until the next attempt) is looked at so often. */
const REFRESH_MS = 5_000;

/** Never resolves by itself: it ends with the user's Ctrl-C, or with the daemon. */
export function watchStatus(context: CliContext): Promise<ExitCode> {
  return withRunning(context, async (client) => {
    const over = new AbortController();
    const ended = client.ended.then(() => {
      const error = new AnywhereError('NO_DAEMON', 'The daemon has ended.', { hint: 'mcp-anywhere tools' });
      over.abort(error);
      throw error;
    });
    const signal = AbortSignal.any([context.io.signal, over.signal]);
    const isScreen = context.io.stdout.isTTY && !context.globals.json;
    const watching = isScreen ? redraw(context, client, signal) : tell(context, client, signal);
    return await orAbort(Promise.race([ended, watching]), signal);
  });
}

async function redraw(context: CliContext, client: ControlClient, signal: AbortSignal): Promise<never> {
  const clock = systemClock();
  let wake: () => void = () => undefined;
  client.on('event', () => {
    wake();
  });
  await client.request('events/subscribe', { types: TYPES }, signal);
  context.out.write('\u001B[2J');
  for (;;) {
    const changed = new Promise<void>((resolve) => {
      wake = resolve;
    });
    draw(context, await client.request('status', {}, signal));
    await Promise.race([changed, sleep(clock, REFRESH_MS, signal)]);
    await sleep(clock, REDRAW_MS, signal);
  }
}

/** From the top, each line to its end without wrapping, and nothing below: no blank frame in between. */
function draw({ out, style, io }: CliContext, snapshot: StatusSnapshot): void {
  const rows = Math.max(1, io.stdout.rows - 1);
  const lines = statusText(snapshot, style).trimEnd().split('\n').slice(0, rows);
  out.write(`\u001B[?7l\u001B[H${lines.map((line) => `${line}\u001B[K\n`).join('')}\u001B[J\u001B[?7h`);
}

async function tell(context: CliContext, client: ControlClient, signal: AbortSignal): Promise<never> {
  client.on('event', ({ event }) => {
    if (context.globals.json) context.out.jsonLine(event);
    else context.out.write(`${changeLine(event)}\n`);
  });
  const status = await client.request('status', {}, signal);
  if (context.globals.json) context.out.jsonLine(status);
  else context.out.write(statusText(status, context.style));
  await client.request('events/subscribe', { types: TYPES }, signal);
  return await new Promise<never>(() => undefined);
}

/** Texts of remote machines are in it. */
export function changeLine(event: Told['event']): string {
  return oneLine(`${new Date(event.atMs).toISOString()} ${changeText(event)}`);
}

function changeText(event: Told['event']): string {
  switch (event.type) {
    case 'host-state':
      return `${event.host} ${event.state}: ${event.reason}`;
    case 'server-state':
      return `${event.host}/${event.server} ${event.state}: ${event.reason}`;
    case 'tools-changed':
      return `${event.host}/${event.server} offers ${event.tools} tools`;
    case 'problem':
      return `problem: ${event.problem.message}`;
    case 'hosts-file':
      return `hosts file in force: ${event.changed.length === 0 ? 'as before' : event.changed.join(', ')}`;
    case 'client-joined':
      return `client ${event.client} joined: ${event.name}`;
    case 'client-left':
      return `client ${event.client} left`;
    case 'request-dropped':
      return `client ${event.client} sent ${event.method} without an id: not carried out`;
    case 'prompt-asked':
      return `${event.host} waits for a person: ${event.text}`;
    case 'prompt-settled':
      return `${event.host} waits for nobody any more`;
    default:
      return event.type;
  }
}
