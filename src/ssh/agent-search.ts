/**
 * Finds the user's ssh agent where a client dropped SSH_AUTH_SOCK, or where it points to one that has ended.
 *
 * Sockets that clients name come first, then that of macOS's launchd, then the usual places of agents. Each socket is asked,
 * and counts only where an agent answers. IdentityAgent of ssh_config outranks them all and is not looked at here.
 */
import { execFile } from 'node:child_process';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { orAbort } from '../base/abort.ts';
import type { Clock } from '../base/clock.ts';
import { agentKeys } from './agent.ts';

export interface AgentSearchDeps {
  readonly clock: Clock;
  readonly platform: NodeJS.Platform;
  readonly homeDir: string;
  /** $XDG_RUNTIME_DIR. */
  readonly runtimeDir: string | undefined;
  /** Sockets that clients named, the most trusted first. A change gives another list. */
  readonly offered: () => readonly string[];
}

/** Hosts that are dialled at the same time share one search. */
const FRESH_MS = 1_000;

export class AgentSearch {
  readonly #deps: AgentSearchDeps;
  #search: Promise<string | undefined> | undefined;
  #offered: readonly string[] = [];
  #freshUntilMs = 0;

  constructor(deps: AgentSearchDeps) {
    this.#deps = deps;
  }

  /** Path of the socket of an agent that answers now. Rejects with the signal's reason only. */
  find(signal: AbortSignal): Promise<string | undefined> {
    const nowMs = this.#deps.clock.monotonic();
    const offered = this.#deps.offered();
    if (this.#search === undefined || nowMs >= this.#freshUntilMs || offered !== this.#offered) {
      this.#search = search(this.#deps);
      this.#offered = offered;
      this.#freshUntilMs = nowMs + FRESH_MS;
    }
    return orAbort(this.#search, signal);
  }
}

async function search(deps: AgentSearchDeps): Promise<string | undefined> {
  const offered = await asked(unique(deps.offered()), deps.clock);
  const [first] = offered;
  if (first !== undefined) return first.socket;
  const known = await asked(unique(await knownSockets(deps)), deps.clock);
  return (known.find(({ keys }) => keys > 0) ?? known[0])?.socket;
}

/** Those that answer, in the same order. */
async function asked(
  sockets: readonly string[],
  clock: Clock,
): Promise<readonly { readonly socket: string; readonly keys: number }[]> {
  const { signal } = new AbortController();
  const answers = await Promise.all(
    sockets.map(async (socket) => ({ socket, keys: (await agentKeys(socket, clock, signal))?.length })),
  );
  return answers.flatMap(({ socket, keys }) => (keys === undefined ? [] : [{ socket, keys }]));
}

async function knownSockets(deps: AgentSearchDeps): Promise<readonly string[]> {
  const { platform, runtimeDir, homeDir } = deps;
  if (platform === 'win32') return ['\\\\.\\pipe\\openssh-ssh-agent'];
  const inRuntime = ['keyring/ssh', 'gcr/ssh', 'ssh-agent.socket', 'openssh_agent', 'gnupg/S.gpg-agent.ssh'];
  const places = [
    ...(platform === 'darwin' ? await launchdSocket() : []),
    ...(runtimeDir === undefined ? [] : inRuntime.map((name) => join(runtimeDir, name))),
    ...(await inFolder(join(homeDir, '.ssh', 'agent'))),
    join(homeDir, '.gnupg', 'S.gpg-agent.ssh'),
  ];
  const own = await Promise.all(places.map(isOwnSocket));
  return places.filter((_place, index) => own[index]);
}

/** Where ssh-agent itself puts its sockets since OpenSSH 10.1; the latest first. */
async function inFolder(folder: string): Promise<string[]> {
  try {
    const places = (await readdir(folder)).map((name) => join(folder, name));
    const times = await Promise.all(places.map(async (place) => (await lstat(place)).mtimeMs));
    return places
      .map((place, index) => ({ place, at: times[index] ?? 0 }))
      .sort((one, other) => other.at - one.at)
      .map(({ place }) => place);
  } catch {
    return [];
  }
}

/** Nobody else's agent is asked to sign. */
async function isOwnSocket(path: string): Promise<boolean> {
  try {
    const found = await lstat(path);
    return found.isSocket() && found.uid === process.getuid?.();
  } catch {
    return false;
  }
}

/** launchctl(1): what programs started from the desktop are given. */
function launchdSocket(): Promise<string[]> {
  return new Promise((resolve) => {
    execFile('/bin/launchctl', ['getenv', 'SSH_AUTH_SOCK'], { timeout: 1_000 }, (_error, stdout) => {
      const path = stdout.trim();
      resolve(path === '' ? [] : [path]);
    });
  });
}

function unique(list: readonly string[]): readonly string[] {
  return [...new Set(list)];
}
