/**
 * Runs the commands of `${cmd:…}`. Servers of one client that start together and name the same command share one run, so
 * that a password manager asks once. The output is not kept after the run.
 */

import { deadline, orAbort } from '../base/abort.ts';
import { type Clock, systemClock } from '../base/clock.ts';
import { AnywhereError } from '../base/errors.ts';
import { signalGroup } from '../base/process-group.ts';
import { environmentForHelpers } from './environment.ts';
import { MAX_VALUE_BYTES } from './fields.ts';
import type { Environment } from './paths.ts';
import type { Reference } from './plan.ts';
import { describeReference } from './template.ts';

type CommandReference = Reference & { readonly kind: 'cmd' };

export interface CommandRunner {
  /**
   * What the command printed. Rejects with SECRET_UNRESOLVED or the signal's reason.
   * @param env of the client that asks; the command gets its short list
   */
  run(reference: CommandReference, env: Environment, signal: AbortSignal): Promise<string>;
}

const LIMIT_MS = 30_000;

interface Run {
  readonly output: Promise<string>;
  readonly abandon: AbortController;
  waiting: number;
}

export interface CommandRunnerOptions {
  readonly limitMs?: number;
  readonly clock?: Clock;
}

export function createCommandRunner(options: CommandRunnerOptions = {}): CommandRunner {
  const { limitMs = LIMIT_MS, clock = systemClock() } = options;
  const runs = new Map<string, Run>();
  const start = (key: string, reference: CommandReference, env: Environment): Run => {
    const abandon = new AbortController();
    const limit = deadline(
      clock,
      limitMs,
      () => failed(reference, `the command did not end within ${String(limitMs / 1000)} s`),
      abandon.signal,
    );
    const run = { output: execute(reference, env, limit.signal).finally(limit.clear), abandon, waiting: 0 };
    runs.set(key, run);
    return run;
  };
  return {
    async run(reference, whole, signal) {
      signal.throwIfAborted();
      const env = environmentForHelpers(whole);
      const key = JSON.stringify([reference.command, reference.cwd, Object.entries(env).sort()]);
      const run = runs.get(key) ?? start(key, reference, env);
      run.waiting += 1;
      try {
        return await orAbort(run.output, signal);
      } finally {
        run.waiting -= 1;
        if (run.waiting === 0) {
          if (runs.get(key) === run) runs.delete(key);
          run.abandon.abort();
        }
      }
    },
  };
}

/** Drops stderr: a failing command may print the secret. */
async function execute(reference: CommandReference, env: Environment, signal: AbortSignal): Promise<string> {
  // Loaded only where a hosts file names a command: start-up time.
  const { execa } = await import('execa');
  signal.throwIfAborted();
  const subprocess = execa('/bin/sh', ['-c', reference.command], {
    env,
    extendEnv: false,
    ...(reference.cwd === undefined ? {} : { cwd: reference.cwd }),
    stdin: 'ignore',
    stderr: 'ignore',
    // A process group, so that children of the command end with it.
    detached: true,
    reject: false,
    stripFinalNewline: false,
    encoding: 'buffer',
    maxBuffer: MAX_VALUE_BYTES + 2,
  });
  const end = (): void => {
    if (subprocess.pid !== undefined) signalGroup(subprocess.pid, 'SIGKILL');
  };
  signal.addEventListener('abort', end, { once: true });
  const result = await subprocess;
  signal.removeEventListener('abort', end);
  if (!result.failed) return new TextDecoder().decode(result.stdout);
  end();
  signal.throwIfAborted();
  throw failed(reference, reasonOf(result));
}

interface Failed {
  readonly isMaxBuffer: boolean;
  readonly exitCode?: number | undefined;
  readonly signal?: string | undefined;
}

function reasonOf(result: Failed): string {
  if (result.isMaxBuffer) return 'the command printed more than 128 KiB';
  if (result.exitCode !== undefined) return `the command ended with exit code ${String(result.exitCode)}`;
  return result.signal === undefined ? '/bin/sh could not be started' : `the command was ended by ${result.signal}`;
}

function failed(reference: CommandReference, why: string): AnywhereError {
  const { command, cwd } = reference;
  const hint = `run the command in a terminal${cwd === undefined ? '' : `, in ${cwd}`}: ${command}`;
  return new AnywhereError('SECRET_UNRESOLVED', `${describeReference(reference)} could not be resolved: ${why}.`, {
    hint,
  });
}
