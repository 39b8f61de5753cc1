/** The daemon of a hosts file: one gateway for all clients of a user, on one socket. */

import { createPromptDesk } from '../control/hub.ts';
import { ClientEnvironments } from '../gateway/client-environments.ts';
import { openGateway } from '../gateway/open.ts';
import { reportCrashes } from './crash-report.ts';
import { DaemonHouse } from './daemon-house.ts';
import { openDaemonLog } from './daemon-log.ts';
import type { DaemonOptions } from './daemon-options.ts';

/** How many of the last events a crash report holds. */
const LAST_EVENTS = 50;

/** Resolves when it is over. Rejects with CONFIG_* and the like where it could not begin. */
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
    await new DaemonHouse(options, { gateway, environments, prompts, log: own.log }).run();
    stopReporting();
  } finally {
    await own.close();
  }
}
