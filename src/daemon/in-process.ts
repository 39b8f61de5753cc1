/** A gateway in this process, seen through the control API over memory: what commands use while no daemon runs. */
import { systemClock } from '../base/clock.ts';
import type { Environment } from '../config/paths.ts';
import { Examination } from '../gateway/examination.ts';
import { openGateway, programVersion } from '../gateway/open.ts';
import type { Question } from '../link/contract.ts';
import type { LogLevel } from '../telemetry/log.ts';
import { ControlClient, type QuestionHandler } from './control-client.ts';
import { ControlServer } from './control-server.ts';
import { memoryTransports } from './transport.ts';

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

export async function openInProcess(options: InProcessOptions): Promise<InProcess> {
  const [faceEnd, gatewayEnd] = memoryTransports();
  const client = new ControlClient(faceEnd);
  const ask = (question: Question, signal: AbortSignal): Promise<string | undefined> => server.ask(question, signal);
  const { onQuestion, ...open } = options;
  if (onQuestion !== undefined) client.answer(onQuestion);
  const gateway = await openGateway({ ...open, ...(onQuestion === undefined ? {} : { prompter: ask }) });
  const clock = systemClock();
  const server = new ControlServer(gatewayEnd, {
    gateway,
    clock,
    version: programVersion(),
    daemonPid: undefined,
    examination: new Examination(gateway),
  });
  return {
    client,
    close: async () => {
      await client.close();
      await gateway.close();
    },
  };
}
