/** One real sshd, ways to it, and the two programs that are compared: this one, and the system's `ssh`. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { endDaemons } from '../test/harness/daemons.ts';
import { makeFolder } from '../test/harness/folder.ts';
import { type Proxy, startProxy } from '../test/harness/proxy.ts';
import type { Sshd } from '../test/harness/sshd.ts';
import { startSshd } from '../test/harness/sshd.ts';
import { sshConfigText } from '../test/harness/sshd-config.ts';
import { LineClient } from './client.ts';

export const BIN = fileURLToPath(new URL('../dist/bin.js', import.meta.url));
const MIDDLEWARE = fileURLToPath(new URL('servers/middleware.mjs', import.meta.url));
const NODE_ECHO = fileURLToPath(new URL('servers/echo.mjs', import.meta.url));

/** A server's command line on the machine. */
export type Command = readonly [string, ...string[]];

export interface Machines {
  /** Host names of the hosts file; all lead to the same machine. */
  readonly hosts: readonly string[];
  /** Server names on each of them, and what they run. */
  readonly servers: Readonly<Record<string, Command | undefined>>;
  /** Every server is this subsystem of the machine, and has no command of its own. */
  readonly subsystem?: string;
  /** Port on loopback: sshd's own, or a proxy's. */
  readonly port: number;
}

/** A hosts file with the ssh_config it refers to, and folders of a user's own. */
export interface Setting {
  readonly sshConfigFile: string;
  readonly hostsFile: string;
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  /** Forgets everything learned: caches, state. */
  forget(): void;
}

export class World {
  readonly sshd: Sshd;
  readonly #folder: ReturnType<typeof makeFolder>;
  readonly #closers: (() => Promise<void>)[] = [];
  readonly #withDaemon = new Set<Setting>();
  #settings = 0;

  private constructor(sshd: Sshd) {
    this.sshd = sshd;
    this.#folder = makeFolder();
  }

  /** With the MaxStartups that sshd has where nobody set it. */
  static async create(): Promise<World> {
    return new World(await startSshd({ config: ['MaxStartups 10:30:100'] }));
  }

  /** Minimal servers: in Node for speed, in `sh` for many at once. */
  get nodeEcho(): Command {
    return [process.execPath, NODE_ECHO];
  }

  get shEcho(): Command {
    return ['/bin/sh', path.join(this.sshd.servers, 'sh-echo.sh')];
  }

  /** A port that leads to sshd with this round trip time. */
  async delayed(roundTripMs: number): Promise<{ readonly port: number; readonly cut: () => Promise<void> }> {
    const proxy = await this.proxy(roundTripMs / 2);
    return { port: proxy.port, cut: () => proxy.cut() };
  }

  /** A way to sshd that can fail. */
  async proxy(delayMs = 0): Promise<Proxy> {
    const proxy = await startProxy({ to: this.sshd.port, delayMs });
    this.#closers.push(() => proxy.stop());
    return proxy;
  }

  setting(...groups: readonly Machines[]): Setting {
    this.#settings += 1;
    const folder = path.join(this.#folder.path, String(this.#settings));
    const at = (name: string): string => path.join(folder, name);
    mkdirSync(folder, { mode: 0o700 });
    writeFileSync(
      at('known_hosts'),
      groups.flatMap(({ port }) => this.sshd.hostKeys.map((key) => `[127.0.0.1]:${port} ${key.publicKey}\n`)).join(''),
    );
    writeFileSync(
      at('ssh_config'),
      groups
        .flatMap(({ hosts, port }) => hosts.map((alias) => this.#sshBlock(alias, port, at('known_hosts'))))
        .join('\n'),
    );
    writeFileSync(at('config.yaml'), hostsFileText(groups, at('ssh_config')));
    const env = userEnvironment(folder);
    const forget = (): void => {
      for (const name of USER_FOLDERS) {
        rmSync(at(name), { recursive: true, force: true });
        mkdirSync(at(name), { mode: 0o700 });
      }
    };
    forget();
    return { sshConfigFile: at('ssh_config'), hostsFile: at('config.yaml'), env, cwd: folder, forget };
  }

  /** This program over a hosts file, in the foreground. */
  gateway(setting: Setting, nodeOptions: readonly string[] = []): LineClient {
    return this.#node(setting, [...nodeOptions, BIN, 'serve', '--in-process', '--config', setting.hostsFile]);
  }

  /** The library with one middleware in the place where policy stands. */
  withMiddleware(setting: Setting): LineClient {
    return this.#node(setting, [MIDDLEWARE, setting.hostsFile]);
  }

  /** The same through the user's daemon, which ends with the world. */
  shim(setting: Setting): LineClient {
    if (!this.#withDaemon.has(setting)) this.#closers.push(() => endDaemons(setting.env['XDG_RUNTIME_DIR'] ?? ''));
    this.#withDaemon.add(setting);
    return this.#node(setting, [BIN, 'serve', '--config', setting.hostsFile]);
  }

  /** The same server through plain `ssh host server`. */
  plainSsh(setting: Setting, host: string, command: Command): LineClient {
    const args = ['-F', setting.sshConfigFile, '-T', host, ...command];
    return this.#owned(new LineClient({ command: 'ssh', args, env: setting.env, cwd: setting.cwd }));
  }

  /** Ends something of a row with the world. */
  onClose(closer: () => void | Promise<void>): void {
    this.#closers.push(async () => closer());
  }

  async close(): Promise<void> {
    for (const closer of this.#closers.reverse()) await closer();
    await this.sshd.stop();
    this.#folder.remove();
  }

  #node({ env, cwd }: Setting, args: readonly string[]): LineClient {
    return this.#owned(new LineClient({ command: process.execPath, args, env, cwd }));
  }

  #owned(client: LineClient): LineClient {
    this.#closers.push(() => client.close());
    return client;
  }

  #sshBlock(alias: string, port: number, knownHostsFile: string): string {
    const { user, identityFile } = this.sshd;
    return sshConfigText({ alias, port, user, identityFile, knownHostsFile });
  }
}

const USER_FOLDERS = ['home', 'config', 'cache', 'state', 'data', 'run'];

function userEnvironment(folder: string): NodeJS.ProcessEnv {
  const at = (name: string): string => path.join(folder, name);
  return {
    PATH: process.env['PATH'],
    LANG: 'C.UTF-8',
    HOME: at('home'),
    XDG_CONFIG_HOME: at('config'),
    XDG_CACHE_HOME: at('cache'),
    XDG_STATE_HOME: at('state'),
    XDG_DATA_HOME: at('data'),
    XDG_RUNTIME_DIR: at('run'),
  };
}

/** Written as people write it: YAML in block style. */
function hostsFileText(groups: readonly Machines[], configFile: string): string {
  const entries = groups.flatMap(({ hosts, servers, subsystem }) => {
    const ssh = subsystem === undefined ? {} : { ssh: { subsystem } };
    const host = { ...ssh, servers: Object.fromEntries(Object.entries(servers).map(serverEntry)) };
    return hosts.map((name) => [name, host]);
  });
  return stringify(
    { version: 1, defaults: { ssh: { configFile } }, hosts: Object.fromEntries(entries) as object },
    { aliasDuplicateObjects: false },
  );
}

function serverEntry([name, words]: [string, Command | undefined]): [string, object] {
  const [command, ...args] = words ?? [];
  return [name, command === undefined ? {} : { command, args }];
}
