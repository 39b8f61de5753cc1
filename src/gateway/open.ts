/** Opens a gateway from a command's options: hosts file, paths, secrets, log. */

import type { FileSource } from '../api/hosts-problems.ts';
import { type Clock, systemClock } from '../base/clock.ts';
import { findPlan, type PlanLoader } from '../config/load.ts';
import { type Environment, resolvePaths } from '../config/paths.ts';
import type { Plan } from '../config/plan.ts';
import { keepPrivate } from '../config/private-dir.ts';
import { createSecrets, type RevisingSecrets } from '../config/secrets.ts';
import type { Prompter } from '../launch/contract.ts';
import type { LinkDeps } from '../link/contract.ts';
import type { Middleware } from '../policy/middleware.ts';
import { createAskpassPrompter } from '../ssh/askpass.ts';
import { createLog, type Log, type LogLevel } from '../telemetry/log.ts';
import { ClientEnvironments } from './client-environments.ts';
import { Gateway } from './gateway.ts';
import type { HostsFileSource } from './reload.ts';

declare const __VERSION__: string | undefined;

export interface OpenOptions {
  /** As `--config`. */
  readonly config?: string | undefined;
  /** How the file was found, where the user did not name it. */
  readonly configSource?: FileSource | undefined;
  readonly env: Environment;
  readonly cwd: string;
  readonly homeDir: string;
  readonly logLevel?: LogLevel | undefined;
  /** Used in place of stderr. */
  readonly log?: Log | undefined;
  /** Asks a person for passphrases and codes; $SSH_ASKPASS by default. */
  readonly prompter?: Prompter | undefined;
  /** For clients with environments of their own; `env` is then the environment of this program. */
  readonly environments?: ClientEnvironments | undefined;
  /** Around every tool call, outermost first. */
  readonly middleware?: readonly Middleware[] | undefined;
}

/** @throws AnywhereError CONFIG_* */
export async function openGateway(options: OpenOptions): Promise<Gateway> {
  const { env, cwd, homeDir, config: explicit, configSource: explicitSource } = options;
  const paths = resolvePaths(env, process.platform, homeDir);
  const loader = await findPlan({ env, cwd, homeDir, paths, explicit, explicitSource });
  return await gatewayOf(await loader.load(), options, (clock, log, secrets) =>
    hostsFileOf(loader, secrets, clock, log),
  );
}

type GatewayOptions = Omit<OpenOptions, 'config' | 'configSource' | 'cwd'>;

/** A gateway for a plan that need not be on the disk. */
export async function gatewayOf(
  plan: Plan,
  options: GatewayOptions,
  hostsFile: (clock: Clock, log: Log, secrets: RevisingSecrets) => HostsFileSource,
): Promise<Gateway> {
  const { env, homeDir, environments } = options;
  const paths = resolvePaths(env, process.platform, homeDir);
  await Promise.all([paths.cacheDir, paths.stateDir].map(keepPrivate));
  const clock = systemClock();
  const log = options.log ?? createLog({ level: options.logLevel ?? 'warn', destination: process.stderr, clock });
  const secrets = createSecrets({ env, homeDir });
  return new Gateway(plan, {
    clock,
    random: Math.random,
    log,
    env,
    ...(environments === undefined ? ownLinks(options, clock) : {}),
    homeDir,
    paths,
    prompter: options.prompter ?? createAskpassPrompter({ env, log }),
    secrets,
    environments,
    middleware: options.middleware ?? [],
    hostsFile: hostsFile(clock, log, secrets),
    version: programVersion(),
  });
}

function hostsFileOf(loader: PlanLoader, secrets: RevisingSecrets, clock: Clock, log: Log): HostsFileSource {
  return {
    load: async () => await secrets.revised(await loader.load()),
    watch: async (onChange, signal) => {
      // Loaded late, to keep the start fast.
      const { watchFiles } = await import('../config/watch.ts');
      const onError = (error: unknown): void => {
        log.warn({ file: loader.found.file, error }, 'changes of the hosts file may go unseen: mcp-anywhere reload');
      };
      await watchFiles({ files: () => loader.decisiveFiles(), clock, onChange, onError }, signal);
    },
  };
}

/** The SSH_AUTH_SOCK of the only client is used as it is. Without one, every dial searches the agent. */
function ownLinks({ env, homeDir }: GatewayOptions, clock: Clock): Partial<Pick<LinkDeps, 'env' | 'refreshEnv'>> {
  const isGiven = (env['SSH_AUTH_SOCK'] ?? '') !== '';
  return isGiven ? {} : new ClientEnvironments(env, { homeDir, clock }).linkOf('');
}

/** Set by the build. */
export function programVersion(): string {
  return typeof __VERSION__ === 'undefined' ? '0.0.0-dev' : __VERSION__;
}
