/** `dash`: the dashboard. It starts the daemon where none runs, and leaves the daemon running. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../base/clock.ts';
import { errnoText, isMissing } from '../base/errno.ts';
import { AnywhereError, EXIT, type ExitCode } from '../base/errors.ts';
import { resolvePaths } from '../config/paths.ts';
import { ControlClient } from '../control/client.ts';
import type { Connect } from '../dashboard/attach.ts';
import type { DashboardSettings } from '../dashboard/settings.ts';
import type { CliContext, CliIo } from './context.ts';
import { connectStarting, connectToRunning } from './session.ts';

export interface DashOptions {
  /** Draws with ASCII only. */
  readonly ascii: boolean;
  /** The mouse chooses lines and scrolls. */
  readonly mouse: boolean;
}

export async function runDash(context: CliContext, { ascii, mouse }: DashOptions): Promise<ExitCode> {
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
  const settings = await settingsOf(io, loaded.value).catch(async (error: unknown) => {
    await first.close();
    throw error;
  });
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

interface SettingsReader {
  readonly DEFAULT_SETTINGS: DashboardSettings;
  readonly readSettings: (text: string, file: string) => DashboardSettings;
}

/** The person's own keys and colours, from the config folder. */
async function settingsOf(
  { env, platform, homeDir }: CliIo,
  { DEFAULT_SETTINGS, readSettings }: SettingsReader,
): Promise<DashboardSettings> {
  const file = join(resolvePaths(env, platform, homeDir).configDir, 'dashboard.yaml');
  try {
    return readSettings(await readFile(file, 'utf8'), file);
  } catch (error) {
    if (error instanceof AnywhereError) throw error;
    if (isMissing(error)) return DEFAULT_SETTINGS;
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
