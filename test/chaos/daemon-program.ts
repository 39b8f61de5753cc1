/** The program as AI clients have it: shims in front of a daemon, all of them processes, seen from outside. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { daemonsIn } from '../harness/daemons.ts';
import { signalPid, withVariable } from '../harness/processes.ts';
import { runProgram } from '../harness/program.ts';
import { makeSandbox, type Sandbox } from '../harness/sandbox.ts';
import { until } from '../harness/until.ts';
import { descriptors } from './footprint.ts';
import type { Held, Program, ProgramFault } from './program.ts';
import type { Chance } from './random.ts';
import { RawTongue } from './raw-tongue.ts';
import { SdkTongue } from './sdk-tongue.ts';
import type { Tongue, TongueEvents } from './tongue.ts';
import { shimWire } from './wire.ts';

const HEAP_TELLER = fileURLToPath(new URL('heap-teller.mjs', import.meta.url));

/** A tenth of a second apart. */
const LOOKS = 30;

export class DaemonProgram implements Program {
  readonly #hostsFile: string;
  readonly #sandbox: Sandbox;
  /** Commands that nobody waits for. */
  readonly #commands: Promise<unknown>[] = [];

  constructor(hostsFile: string) {
    this.#hostsFile = hostsFile;
    // It must not go because a run is at rest.
    this.#sandbox = makeSandbox({ MCP_ANYWHERE_IDLE_EXIT_MS: '600000', NODE_OPTIONS: `--import=${HEAP_TELLER}` });
  }

  readonly faults: readonly ProgramFault[] = [
    { name: 'kill -9 of the daemon', weight: 2, run: async () => this.#signal('SIGKILL') },
    { name: 'SIGTERM to the daemon', weight: 1, run: async () => this.#signal('SIGTERM') },
    { name: 'stop', weight: 2, run: async () => this.#command('stop') },
    { name: 'stop --now', weight: 1, run: async () => this.#command('stop', '--now') },
    { name: 'reload', weight: 2, run: async () => this.#command('reload') },
    { name: 'restart of a host', weight: 1, run: async () => this.#command('restart', 'red') },
    {
      name: 'SIGSTOP of the daemon',
      weight: 3,
      run: async (chance, pass) => {
        const pid = this.#pid;
        if (pid === undefined) return;
        signalPid(pid, 'SIGSTOP');
        await pass(chance.whole(50, 2_500));
        signalPid(pid, 'SIGCONT');
      },
    },
  ];

  speak(name: string, chance: Chance, events: TongueEvents): Tongue {
    if (chance.isTrue(0.3)) return new SdkTongue(name, this.#hostsFile, this.#sandbox, events);
    return new RawTongue(name, (wire) => shimWire(this.#hostsFile, this.#sandbox, wire), events);
  }

  async held(): Promise<Held> {
    await Promise.all(this.#commands.splice(0));
    await until(() => this.#processes().length === 1, {
      withinMs: 15_000,
      what: () => `one daemon, and nothing else, to run: ${this.#processes().join('; ')}`,
    });
    const pid = this.#pid;
    if (pid === undefined) throw new Error('no daemon runs');
    // It begins to watch the hosts file a little later.
    await until(() => descriptors(pid).includes('anon_inode:inotify'), { what: 'the hosts file to be watched' });
    let open = descriptors(pid);
    // As in one process: what comes and goes by itself, as a connection that is being closed, is waited for.
    for (let look = 0; look < LOOKS; look += 1) {
      await sleep(100);
      const now = descriptors(pid);
      if (now.length < open.length) open = now;
    }
    const heap = await this.#heapOf(pid);
    return { descriptors: open.length, open, rss: residentBytes(pid), heap };
  }

  /** After a full collection. */
  #heapOf(pid: number): Promise<number> {
    const file = join(this.#sandbox.runtimeDir, `heap-${pid}`);
    rmSync(file, { force: true });
    signalPid(pid, 'SIGUSR2');
    return until(() => existsSync(file) && Number(readFileSync(file, 'utf8')));
  }

  async stop(): Promise<readonly string[]> {
    const { code, stderr } = await runProgram(['stop', '--config', this.#hostsFile], this.#sandbox);
    // The command ends with its daemon's last word; the process is gone a moment later.
    const ended = until(() => this.#processes().length === 0).then(
      () => [],
      () => this.#processes(),
    );
    return [...(code === 0 ? [] : [`stop: exit ${code}: ${stderr}`]), ...(await ended)];
  }

  /** Of the one that serves; another may still see off its clients. */
  get #pid(): number | undefined {
    return daemonsIn(this.#sandbox.runtimeDir)[0]?.pid;
  }

  /** Daemons, shims and commands. */
  #processes(): readonly string[] {
    const found = withVariable('XDG_RUNTIME_DIR', this.#sandbox.runtimeDir);
    return found.map(({ pid, commandLine }) => `${pid} ${commandLine}`);
  }

  #signal(signal: NodeJS.Signals): void {
    const pid = this.#pid;
    if (pid !== undefined) signalPid(pid, signal);
  }

  /** Where nothing runs it says so: its exit code is of no interest here. */
  #command(...args: readonly string[]): void {
    this.#commands.push(runProgram([...args, '--config', this.#hostsFile], this.#sandbox));
  }
}

function residentBytes(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB/mu.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes) * 1024;
}
