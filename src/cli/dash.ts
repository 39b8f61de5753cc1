/** `dash`: the dashboard. It starts the daemon where none runs, and leaves the daemon running. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../base/clock.ts';
import { errnoText, isMissing } from '../base/errno.ts';
import { AnywhereError, EXIT, type ExitCode } from '../base/errors.ts';
import { resolvePaths } from '../config/paths.ts';
import { ControlClient } from '../control/client.ts';
import type { Connect } from '../dashboard/attach.ts';
import { type CliContext, type CliIo, isScreen } from './context.ts';
import { connectStarting, connectToRunning } from './session.ts';

export interface DashOptions {
  /** Draws with ASCII only. */
  readonly ascii: boolean;
  /** The mouse chooses lines and scrolls. */
  readonly mouse: boolean;
}

export async function runDash(context: CliContext, { ascii, mouse }: DashOptions): Promise<ExitCode> {
  const { io, style } = context;
  if (!isScreen(io))
    throw new AnywhereError('USAGE', 'The dashboard needs a terminal.', {
      hint: 'mcp-anywhere status works without one',
    });
  const connect = connecting(context);
  // Both at once, for a fast start. An open connection would keep the process running after a failure.
  const [connected, loaded] = await Promise.allSettled([connect('start', io.signal), load(io)]);
  if (connected.status === 'rejected') throw connected.reason;
  const first = connected.value;
  if (loaded.status === 'rejected') {
    await first.close();
    throw loaded.reason;
  }
  const { chooseTheme, runDashboard, settings } = loaded.value;
  const color = style.bold('x') !== 'x';
  const options = {
    io: { stdin: io.stdin, stdout: io.stdout, fd: 1, process },
    first,
    connect,
    clock: systemClock(),
    random: Math.random,
    theme: chooseTheme({ ...settings, color, ascii: ascii || settings.ascii, env: io.env }),
    settings: { ...settings, mouse: mouse || settings.mouse },
    program: style.program,
  };
  await runDashboard(options, io.signal);
  return EXIT.ok;
}

/** The dashboard, and the person's own keys and colours from the config folder. */
async function load({ env, platform, homeDir }: CliIo) {
  const file = join(resolvePaths(env, platform, homeDir).configDir, 'dashboard.yaml');
  const { chooseTheme, readSettings, runDashboard } = await import('../dashboard/dashboard.tsx');
  return { chooseTheme, runDashboard, settings: readSettings(await textOf(file), file) };
}

/** Empty where there is no file. */
async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (isMissing(error)) return '';
    throw new AnywhereError('CONFIG_INVALID', `${file} cannot be read: ${errnoText(error)}`, {
      hint: 'mcp-anywhere dash --help',
      cause: error,
    });
  }
}

function connecting(context: CliContext): Connect {
  return async (mode, signal) =>
    new ControlClient(await (mode === 'join' ? connectToRunning(context) : connectStarting(context, signal)));
}
