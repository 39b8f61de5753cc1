/**
 * A process that cannot outlive this one, even after SIGKILL.
 *
 * A shell leads a new process group and becomes the program. A watcher beside the program waits for the end of a pipe that only
 * this process holds open, and then ends the group. While the watcher lives, the group's number is not given to other
 * processes, so the watcher never ends a stranger.
 */

import type { Readable } from 'node:stream';
import { execa } from 'execa';
import { signalGroup } from '../base/process-group.ts';

const SCRIPT =
  'exec 3<&0 </dev/null;(trap \'\' TERM;exec >/dev/null 2>&1;read -r _<&3;kill -TERM -$$;sleep 1;kill -KILL -$$)&exec 3<&-;exec "$@"';

export interface GuardedProcess {
  readonly pid: number | undefined;
  readonly errors: Readable;
  /** The exit code; 127: no such program. Never rejects. */
  readonly exited: Promise<number | undefined>;
  /** TERM to the program and its children, KILL a second later. */
  stop(): void;
  /** KILL at once. */
  kill(): void;
}

export function startGuarded(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): GuardedProcess {
  const child = execa('/bin/sh', ['-c', SCRIPT, 'sh', program, ...args], {
    env,
    extendEnv: false,
    detached: true,
    cleanup: false,
    reject: false,
    buffer: false,
    stdin: 'pipe',
    stdout: 'ignore',
    stderr: 'pipe',
  });
  let running = true;
  const exited = child.then((result) => {
    running = false;
    return result.exitCode;
  });
  child.stdin.on('error', () => undefined);
  return {
    pid: child.pid,
    errors: child.stderr,
    exited,
    stop: () => {
      child.stdin.end();
    },
    kill: () => {
      if (running && child.pid !== undefined) signalGroup(child.pid, 'SIGKILL');
      child.stdin.destroy();
    },
  };
}
