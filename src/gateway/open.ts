/** From a command's options to a gateway: hosts file, paths, secrets, log. */
import { systemClock } from '../base/clock.ts';
import { loadPlan } from '../config/load.ts';
import { type Environment, resolvePaths } from '../config/paths.ts';
import { createSecrets } from '../config/secrets.ts';
import { createAskpassPrompter } from '../link/askpass.ts';
import type { Prompter } from '../link/contract.ts';
import { createLog } from '../telemetry/create-log.ts';
import type { LogLevel } from '../telemetry/log.ts';
import { Gateway } from './gateway.ts';

declare const __VERSION__: string | undefined;

export interface OpenOptions {
  /** As `--config`. */
  readonly config?: string | undefined;
  readonly env: Environment;
  readonly cwd: string;
  readonly homeDir: string;
  readonly logLevel?: LogLevel | undefined;
  /** Asks a person for passphrases and codes; without it, $SSH_ASKPASS is asked. */
  readonly prompter?: Prompter | undefined;
}

/** @throws AnywhereError CONFIG_* */
export async function openGateway(options: OpenOptions): Promise<Gateway> {
  const { env, cwd, homeDir, config: explicit } = options;
  const paths = resolvePaths(env, process.platform, homeDir);
  const plan = await loadPlan({ env, cwd, homeDir, paths, ...(explicit === undefined ? {} : { explicit }) });
  const clock = systemClock();
  const log = createLog({ level: options.logLevel ?? 'warn', destination: process.stderr, clock });
  return new Gateway(plan, {
    clock,
    random: Math.random,
    log,
    env,
    homeDir,
    paths,
    prompter: options.prompter ?? createAskpassPrompter({ env, log }),
    secrets: createSecrets({ env, homeDir }),
    version: programVersion(),
  });
}

/** Set by the build; the sources themselves have none. */
export function programVersion(): string {
  return typeof __VERSION__ === 'undefined' ? '0.0.0-dev' : __VERSION__;
}
