/** The daemon of a hosts file: one gateway on one socket for all clients of a user. */
import type { Clock } from '../base/clock.ts';
import { createPromptDesk } from '../control/hub.ts';
import { ClientEnvironments } from '../gateway/client-environments.ts';
import { openGateway } from '../gateway/open.ts';
import { createLog, type Log, type LogLevel } from '../telemetry/log.ts';
import { LogFile } from '../telemetry/log-file.ts';
import { reportCrashes } from './crash-report.ts';
import { type DaemonOptions, DaemonServer } from './daemon-server.ts';

/** How many of the last events a crash report holds. */
const LAST_EVENTS = 50;

/** Resolves when the daemon has ended. Rejects with CONFIG_* and the like where the daemon could not start. */
export async function runDaemon(options: DaemonOptions): Promise<void> {
  const { endpoint, clock, env, cwd, homeDir, file, source, version, logLevel } = options;
  const own = openDaemonLog(endpoint.log, logLevel, clock);
  const environments = new ClientEnvironments(env, { homeDir, clock });
  const prompts = createPromptDesk({ clock, env, log: own.log }, 'lasting');
  try {
    const gateway = await openGateway({
      ...{ env, cwd, homeDir, environments, log: own.log, prompter: prompts.prompter },
      ...{ config: file, configSource: source },
    });
    const stopReporting = reportCrashes(options.process, {
      folder: endpoint.logFolder,
      version,
      hostsFile: file,
      now: () => clock.now(),
      redact: gateway.redact,
      lastEvents: () => gateway.bus.since(0).events.slice(-LAST_EVENTS),
    });
    await new DaemonServer(options, { gateway, environments, prompts, log: own.log }).run();
    stopReporting();
  } finally {
    await own.close();
  }
}

interface DaemonLog {
  readonly log: Log;
  /** Resolves when all lines are written or lost. */
  close(): Promise<void>;
}

const MAX_FILE_BYTES = 2 * 1024 * 1024;
const MAX_PENDING = 1024 * 1024;

/** The daemon's own log: a file that is rotated by size. The streams of its parent process stay silent. */
function openDaemonLog(file: string, level: LogLevel, clock: Clock): DaemonLog {
  const lines = new LogFile({
    file,
    clock,
    maxFileBytes: MAX_FILE_BYTES,
    maxPending: MAX_PENDING,
    // There is no other place to report it.
    onError: () => undefined,
  });
  return {
    log: createLog({ level, destination: { write: (text) => lines.append(text) }, clock }),
    close: () => lines.flush(),
  };
}
