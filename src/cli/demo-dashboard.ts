/** What follows the demo's tour on a terminal: the dashboard on the demo's machines, for as long as the person likes. */

import path from 'node:path';
import { systemClock } from '../base/clock.ts';
import { hasEnded, runningDaemons } from '../daemon/start.ts';
import { confirmed } from './ask.ts';
import { type CliContext, isInteractive, isScreen } from './context.ts';
import { runDash } from './dash.ts';
import type { Output } from './output.ts';
import { connectStarting } from './session.ts';
import { runStop } from './steer.ts';
import { programWith } from './style.ts';

/** The machines of the demo, and the user who has them in the hosts file. */
export interface DemoPlace {
  readonly hostsFile: string;
  readonly home: string;
  /** HOME, PATH and the XDG folders. */
  readonly env: Readonly<Record<string, string>>;
}

/** What a program must know of the terminal. Nothing else of the user's environment reaches the dashboard and its daemon. */
const TERMINAL_VARIABLES = ['TERM', 'COLORTERM', 'COLORFGBG', 'NO_COLOR', 'LANG', 'LC_ALL', 'LC_CTYPE'];
/** A daemon whose demo was killed ends before the machines remove the folder, ms. */
const IDLE_EXIT_MS = 2000;
const STOP_MS = 10_000;

/** Asks once. Resolves when the person has left the dashboard and its daemon is gone, or at once after a no. */
export async function offerDashboard(context: CliContext, place: DemoPlace): Promise<void> {
  if (!canAsk(context)) return;
  const isWanted = await confirmed(context, 'Open the dashboard on these three machines? [Y/n]', true);
  context.io.signal.throwIfAborted();
  if (isWanted) await showDashboard(contextOf(context, place));
}

function canAsk({ io, globals }: CliContext): boolean {
  return isInteractive(io) && isScreen(io) && !globals.json && io.env['CI'] === undefined;
}

async function showDashboard(context: CliContext): Promise<void> {
  context.out.progress('the dashboard starts …');
  try {
    // Not stopped by Ctrl-C: a daemon that is still starting would not be found, and would outlive the demo.
    const socket = await connectStarting(context, new AbortController().signal);
    socket.destroy();
    context.io.signal.throwIfAborted();
    context.out.clear();
    await runDash(context, { ascii: false, mouse: false });
  } finally {
    context.out.progress('the three machines end …');
    await endDaemon(context);
    context.out.clear();
  }
}

/** The context of the demo's own user. */
function contextOf(context: CliContext, { hostsFile, home, env }: DemoPlace): CliContext {
  const { io, globals, style } = context;
  const kept = Object.fromEntries(TERMINAL_VARIABLES.map((name) => [name, io.env[name]] as const));
  const own = { ...kept, ...env, MCP_ANYWHERE_IDLE_EXIT_MS: String(IDLE_EXIT_MS) };
  return {
    ...context,
    io: { ...io, env: own, homeDir: home, cwd: path.dirname(hostsFile) },
    globals: { ...globals, config: hostsFile },
    style: { ...style, program: programWith(hostsFile) },
  };
}

/** However the dashboard ended, and although Ctrl-C has stopped the command. */
async function endDaemon(context: CliContext): Promise<void> {
  const io = { ...context.io, signal: AbortSignal.timeout(STOP_MS) };
  const ofDemo = (await runningDaemons(io)).filter(({ file }) => file === context.globals.config);
  if (ofDemo.length === 0) return;
  await runStop({ ...context, io, out: quiet(context.out) }, { now: true }).catch(() => undefined);
  const never = new AbortController().signal;
  for (const daemon of ofDemo) {
    if (!(await hasEnded(daemon, { clock: systemClock(), withinMs: 0 }, never))) process.kill(daemon.pid, 'SIGKILL');
  }
}

/** The demo's daemon is not the person's concern. */
function quiet(out: Output): Output {
  return { ...out, write: () => undefined, progress: () => undefined };
}
