/** Connections through the system's ssh, for hosts that ssh2 cannot reach. */

import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errnoOf } from '../base/errno.ts';
import { AnywhereError, asAnywhereError } from '../base/errors.ts';
import { makeFolder } from '../base/make-folder.ts';
import { environmentForHelpers } from '../config/environment.ts';
import type { HostPlan, SshPlan } from '../config/plan.ts';
import type { Dialer, DialerDeps, Transport } from '../launch/contract.ts';
import { type SshSettings, sshArguments } from '../ssh/config.ts';
import { type ResolveSettings, settingsResolver } from '../ssh/route.ts';
import { sessionOf } from '../ssh/session.ts';
import { jumpCommand, masterArguments } from './arguments.ts';
import { type Askpass, startAskpass } from './asking.ts';
import { MuxConnection } from './connection.ts';
import { reuseControlMaster } from './control-master.ts';
import { connectionLost, dialFailure, hostKeyFingerprint, withKnownKeys } from './errors.ts';
import { Master } from './master.ts';
import { openMuxProxy } from './mux.ts';
import { OpensshTransport } from './transport.ts';

export interface OpensshDialerOptions {
  /** Left out: one `ssh -G` for each machine and dial. */
  readonly resolve?: ResolveSettings;
}

/** Each connection has a master process of its own, which cannot outlive this process. */
export function createOpensshDialer(host: HostPlan, deps: DialerDeps, options: OpensshDialerOptions = {}): Dialer {
  const plan = host.ssh;
  if (plan === undefined) throw new AnywhereError('INTERNAL', 'a local host has no ssh', { host: host.name });
  const resolve = options.resolve ?? settingsResolver(deps);
  let reused = false;
  return {
    host: host.name,
    backend: () => (reused ? 'openssh (control master)' : 'openssh'),
    dial: async (signal) => {
      try {
        const settings = await resolve(plan, signal);
        const shared = plan.reuseControlMaster
          ? await reuseControlMaster(host.name, { plan, settings }, deps, signal)
          : undefined;
        reused = shared !== undefined;
        return shared ?? (await dialOwn({ host: host.name, plan, settings, deps, resolve }, signal));
      } catch (error) {
        signal.throwIfAborted();
        throw asAnywhereError(error).at({ host: host.name });
      }
    },
  };
}

interface AttemptParts {
  readonly host: string;
  readonly plan: SshPlan;
  readonly settings: SshSettings;
  readonly deps: DialerDeps;
  readonly resolve: ResolveSettings;
}

async function dialOwn(parts: AttemptParts, signal: AbortSignal): Promise<Transport> {
  const { plan, settings, deps, resolve } = parts;
  const [proxyCommand] = await Promise.all([
    jumpCommand(plan, settings, resolve, signal),
    sweepConnectionFolders(deps.runtimeDir),
  ]);
  const attempt = new Attempt(parts, await makeConnectionFolder(deps.runtimeDir));
  try {
    return await attempt.run(proxyCommand, signal);
  } catch (error) {
    await attempt.abandon();
    throw error;
  }
}

/** One master process, from its start to a transport or a failure. */
class Attempt {
  readonly #host: string;
  readonly #plan: SshPlan;
  readonly #settings: SshSettings;
  readonly #deps: DialerDeps;
  readonly #folder: ConnectionFolder;
  readonly #declined = new AbortController();
  #asking: Askpass | undefined;
  #master: Master | undefined;

  constructor(parts: AttemptParts, folder: ConnectionFolder) {
    this.#host = parts.host;
    this.#plan = parts.plan;
    this.#settings = parts.settings;
    this.#deps = parts.deps;
    this.#folder = folder;
  }

  async run(proxyCommand: string | undefined, signal: AbortSignal): Promise<Transport> {
    const either = AbortSignal.any([signal, this.#declined.signal]);
    const asking = await startAskpass(
      this.#folder.path,
      { host: this.#host, login: `${this.#settings.user}@${this.#settings.hostname}` },
      this.#deps,
      () => {
        this.#declined.abort(this.#nobodyAnswered());
      },
      either,
    );
    this.#asking = asking;
    const master = this.#start(proxyCommand, asking);
    this.#master = master;
    if ((await master.listening(either)) === 'exited') throw await this.#failure(master);
    return this.#transport(master, either);
  }

  /** Ends the master and removes its folder. */
  async abandon(): Promise<void> {
    this.#master?.kill();
    await this.#master?.exited;
    await this.#cleanUp();
  }

  #start(proxyCommand: string | undefined, asking: Askpass): Master {
    const { controlPath } = this.#folder;
    const { connectTimeoutMs } = this.#plan;
    const args = masterArguments({
      known: this.#settings.raw,
      connectTimeoutMs,
      proxyCommand,
      controlPath,
      forwardAgent: this.#plan.forwardAgent,
    });
    return new Master({
      host: this.#host,
      args: [...args, ...sshArguments(this.#plan), '--', this.#plan.alias],
      env: { ...environmentForHelpers(this.#deps.env), ...asking.variables, LC_ALL: 'C' },
      controlPath,
      clock: this.#deps.clock,
      silenceMs: connectTimeoutMs,
      isAsking: () => asking.open > 0,
    });
  }

  async #transport(master: Master, signal: AbortSignal): Promise<Transport> {
    const host = this.#host;
    const connection = new MuxConnection(await openMuxProxy(this.#folder.controlPath, signal), host);
    const ended = master.exited.then(async () => {
      await this.#cleanUp();
      return connectionLost(host, master.stderr.all());
    });
    return new OpensshTransport({
      host,
      identity: hostKeyFingerprint(master.stderr.all()) ?? `${this.#settings.hostname}:${this.#settings.port}`,
      connection,
      owner: {
        ended,
        stop: () => {
          master.stop();
        },
        kill: () => {
          master.kill();
        },
      },
      session: sessionOf(this.#plan, this.#settings, this.#deps),
      clock: this.#deps.clock,
    });
  }

  async #failure(master: Master): Promise<AnywhereError> {
    const code = await master.exited;
    const stderr = master.stderr.all();
    const failure = Master.missing(code, this.#host) ?? dialFailure(this.#host, stderr);
    const unanswered = failure.code === 'AUTH_FAILED' && this.#asking?.declined !== undefined;
    return unanswered ? this.#nobodyAnswered(failure.evidence) : withKnownKeys(failure, stderr, this.#settings);
  }

  #nobodyAnswered(evidence: readonly string[] = []): AnywhereError {
    const text = this.#asking?.declined?.text.trim() ?? 'a question of ssh';
    return new AnywhereError('NO_TTY', `ssh asked "${text}" and nobody answered`, { host: this.#host, evidence });
  }

  async #cleanUp(): Promise<void> {
    this.#asking?.close();
    await this.#folder.remove();
  }
}

/** `sun_path` holds 104 bytes on macOS (108 on Linux), and ssh binds `<path>.<16 letters>` first. */
const MAX_SOCKET_PATH_BYTES = 104 - 1 - 17;
const NAME = /^ssh-(\d+)-\w+$/;

/** A private folder with a short path for the sockets of one connection. */
interface ConnectionFolder {
  readonly path: string;
  /** Where the master listens. */
  readonly controlPath: string;
  remove(): Promise<void>;
}

/** Below `runtimeDir`, or in the temp folder where the socket's path would be too long. */
async function makeConnectionFolder(runtimeDir: string): Promise<ConnectionFolder> {
  await makeFolder(runtimeDir);
  const path = await mkdtemp(join(fits(runtimeDir) ? runtimeDir : tmpdir(), `ssh-${process.pid}-`));
  return {
    path,
    controlPath: join(path, 'c'),
    remove: () => rm(path, { recursive: true, force: true }),
  };
}

/** Removes the folders of processes that have died. */
async function sweepConnectionFolders(runtimeDir: string): Promise<void> {
  const names = await readdir(runtimeDir).catch(() => []);
  const abandoned = names.filter((name) => {
    const pid = Number(NAME.exec(name)?.[1] ?? process.pid);
    return !isAlive(pid);
  });
  await Promise.all(abandoned.map((name) => rm(join(runtimeDir, name), { recursive: true, force: true })));
}

function fits(runtimeDir: string): boolean {
  const longest = join(runtimeDir, `ssh-${'9'.repeat(10)}-XXXXXX`, 'c');
  return Buffer.byteLength(longest) <= MAX_SOCKET_PATH_BYTES;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errnoOf(error) === 'EPERM';
  }
}
