/** The programs that one demo host runs for its logins, each in a process group of its own. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';

/** Time that the programs of a closed channel get to end by themselves, milliseconds. */
const GRACE_MS = 8000;

export interface Login {
  readonly home: string;
  readonly env: Readonly<Record<string, string>>;
}

export class ProcessGroups {
  readonly #groups = new Set<number>();

  /** `/bin/sh -c command`, as sshd starts it: own session, own HOME, nothing of the demo's environment. */
  start(command: string, login: Login): ChildProcessWithoutNullStreams {
    const child = spawn('/bin/sh', ['-c', command], { cwd: login.home, env: login.env, detached: true, stdio: 'pipe' });
    const group = child.pid;
    if (group !== undefined) {
      this.#groups.add(group);
      child.once('close', () => {
        if (!kill(group, 0)) this.#groups.delete(group);
      });
    }
    return child;
  }

  /** The channel is gone: EOF, and later the end of what did not heed it. */
  hangUp(child: ChildProcessWithoutNullStreams): void {
    child.stdin.end();
    child.stdout.resume();
    child.stderr.resume();
    const group = child.pid;
    if (group === undefined) return;
    setTimeout(() => {
      this.#end(group);
    }, GRACE_MS).unref();
  }

  /** Ends every program at once, as a power cut does. */
  endAll(): void {
    for (const group of this.#groups) this.#end(group);
  }

  #end(group: number): void {
    // A group that ended keeps its place here only until now, so that its number is not taken by another's.
    if (this.#groups.delete(group)) kill(group, 'SIGKILL');
  }
}

/** Signals a process group; false when there is none. */
function kill(group: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-group, signal);
    return true;
  } catch {
    return false;
  }
}
