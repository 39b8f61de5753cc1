/** The sshd process itself: starting it, knowing that it listens, its sessions, ending all of it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, mkdirSync } from 'node:fs';
import { atExit } from './at-exit.ts';
import { descendants, killAll, type ProcessInfo } from './processes.ts';

const PATHS = ['/usr/sbin/sshd', '/usr/local/sbin/sshd', '/usr/local/bin/sshd', '/opt/homebrew/sbin/sshd'];
const STARTED = 'Server listening on ';
const SESSION_NAMES = ['sshd', 'sshd-session', 'sshd-auth'];

export class SshdProcess {
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  readonly #forget: () => void;
  #log = '';

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#exited = new Promise((resolve) =>
      child.once('close', () => {
        resolve();
      }),
    );
    this.#forget = atExit(() => child.kill('SIGKILL'));
  }

  /** Resolves when it listens; rejects with its log when it ends instead. */
  static async start(configFile: string): Promise<SshdProcess> {
    const binary = PATHS.find(exists);
    if (binary === undefined) throw new Error("These tests need OpenSSH's sshd: apt-get install openssh-server");
    // The folder of privilege separation; normally made by the init script.
    if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
    // In a group of its own, so that a Ctrl-C at the terminal does not end it before the tests that use it.
    const child = spawn(binary, ['-D', '-e', '-f', configFile], {
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: true,
    });
    const started = new SshdProcess(child);
    await started.#listening();
    return started;
  }

  /** What it logged so far (LogLevel VERBOSE). */
  get log(): string {
    return this.#log;
  }

  /** The processes that serve logins now: the listener's own descendants that are sshd. */
  sessions(): ProcessInfo[] {
    return descendants(this.#child.pid ?? -1).filter((one) => SESSION_NAMES.includes(one.name));
  }

  /** Listener and sessions, at once, as if the machine lost power. Programs of the sessions are not touched. */
  async kill(): Promise<void> {
    const sessions = this.sessions();
    this.#kill();
    killAll(sessions);
    await this.#exited;
  }

  #kill(): void {
    this.#forget();
    this.#child.kill('SIGKILL');
  }

  #listening(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
        this.#log += text;
        if (this.#log.includes(STARTED)) resolve();
      });
      this.#child.once('error', reject);
      this.#child.once('exit', (code) => {
        reject(new Error(`sshd ended with ${String(code)}:\n${this.#log}`));
      });
    });
  }
}

function exists(path: string): boolean {
  try {
    accessSync(path);
    return true;
  } catch {
    return false;
  }
}
