/** What a daemon is begun with. */
import type { Clock } from '../base/clock.ts';
import type { FileSource } from '../config/find.ts';
import type { Environment } from '../config/paths.ts';
import type { LogLevel } from '../telemetry/log.ts';
import type { LifeTimes } from './daemon-life.ts';
import type { Endpoint } from './endpoint.ts';
import type { Lock } from './lock.ts';

export interface DaemonOptions {
  readonly endpoint: Endpoint;
  /** Of the endpoint. It is released as soon as nobody new is served. */
  readonly lock: Lock;
  /** Absolute path of the hosts file, and how it was found. */
  readonly file: string;
  readonly source: FileSource;
  readonly version: string;
  /** Of the client that started it. */
  readonly env: Environment;
  readonly cwd: string;
  readonly homeDir: string;
  readonly logLevel: LogLevel;
  readonly times: LifeTimes;
  readonly clock: Clock;
  readonly process: NodeJS.Process;
  /** Ends it, calls under way or not. */
  readonly stop: AbortSignal;
  /** Clients can connect from now on. */
  readonly onServing: () => void;
}
