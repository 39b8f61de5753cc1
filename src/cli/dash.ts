/** `dash`: the dashboard. It starts the daemon where none runs, and leaves the daemon running. */
import { systemClock } from '../base/clock.ts';
import { AnywhereError, EXIT, type ExitCode } from '../base/errors.ts';
import { ControlClient } from '../control/client.ts';
import type { Connect } from '../dashboard/attach.ts';
import type { CliContext } from './context.ts';
import { connectStarting, connectToRunning } from './session.ts';

export interface DashOptions {
  /** Draws with ASCII only. */
  readonly ascii: boolean;
}

export async function runDash(context: CliContext, { ascii }: DashOptions): Promise<ExitCode> {
  const { io, style } = context;
  if (!io.stdin.isTTY || !io.stdout.isTTY || io.env['TERM'] === 'dumb')
    throw new AnywhereError('USAGE', 'The dashboard needs a terminal.', {
      hint: 'mcp-anywhere status works without one',
    });
  const connect = connecting(context);
  // Both at once, for a fast start. An open connection would keep the process running after a failure.
  const [connected, loaded] = await Promise.allSettled([
    connect('start', io.signal),
    import('../dashboard/dashboard.tsx'),
  ]);
  if (connected.status === 'rejected') throw connected.reason;
  const first = connected.value;
  if (loaded.status === 'rejected') {
    await first.close();
    throw loaded.reason;
  }
  const { chooseTheme, runDashboard } = loaded.value;
  const options = {
    io: { stdin: io.stdin, stdout: io.stdout, fd: 1, process },
    first,
    connect,
    clock: systemClock(),
    random: Math.random,
    theme: chooseTheme({ color: style.bold('x') !== 'x', ascii, env: io.env }),
    program: style.program,
  };
  await runDashboard(options, io.signal);
  return EXIT.ok;
}

function connecting(context: CliContext): Connect {
  return async (mode, signal) =>
    new ControlClient(await (mode === 'join' ? connectToRunning(context) : connectStarting(context, signal)));
}
