/** A gateway in this process behind the control API in memory: commands use it while no daemon runs. */
import { duplexPair } from 'node:stream';
import { systemClock } from '../base/clock.ts';
import type { Environment } from '../config/paths.ts';
import { ControlClient, type QuestionHandler } from '../control/client.ts';
import { ControlHub, createPromptDesk } from '../control/hub.ts';
import { openGateway, programVersion } from '../gateway/open.ts';
import { createLog, type LogLevel } from '../telemetry/log.ts';

export interface InProcessOptions {
  readonly config?: string;
  readonly env: Environment;
  readonly cwd: string;
  readonly homeDir: string;
  readonly logLevel: LogLevel;
  /** Asks the person at the terminal. Without it, $SSH_ASKPASS is asked. */
  readonly onQuestion?: QuestionHandler;
}

export interface InProcess {
  readonly client: ControlClient;
  close(): Promise<void>;
}

export async function openInProcess({ onQuestion, ...options }: InProcessOptions): Promise<InProcess> {
  const clock = systemClock();
  const log = createLog({ level: options.logLevel, destination: process.stderr, clock });
  const prompts = createPromptDesk({ clock, env: options.env, log }, 'command');
  const gateway = await openGateway({ ...options, prompter: prompts.prompter });
  const [faceEnd, gatewayEnd] = duplexPair();
  const hub = new ControlHub({ gateway, log, version: programVersion(), daemon: undefined, prompts });
  hub.accept(gatewayEnd);
  const client = new ControlClient(faceEnd, clock);
  if (onQuestion !== undefined) await client.answer(onQuestion);
  return {
    client,
    close: async () => {
      await client.close();
      await client.ended;
      hub.close();
      await gateway.close();
    },
  };
}
