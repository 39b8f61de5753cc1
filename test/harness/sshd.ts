/**
 * A real sshd on loopback, with its own configuration, host keys, login and keys.
 *
 * As root every sshd gets a throw-away user with a home of its own; else one logs in as the current user, whose
 * HOME is set to a temp folder, and a `shell` is put in between by ForceCommand.
 */
import { execFileSync } from 'node:child_process';
import { appendFileSync, chmodSync, cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Folder, makeFolder } from './folder.ts';
import { type KeyPair, type KeyType, makeKey } from './keys.ts';
import { ownedName } from './owner.ts';
import { freePort } from './port.ts';
import { gone, killAll, type ProcessInfo, withUid, withVariable } from './processes.ts';
import { noisyFiles, writeFiles } from './rc-files.ts';
import { sshConfigText, sshdConfigText } from './sshd-config.ts';
import { SshdProcess } from './sshd-process.ts';
import { sweep } from './sweep.ts';
import { addUser, canAddUsers, removeUser, type UnixUser } from './users.ts';

export interface SshdOptions {
  /** Sessions on one connection. */
  readonly maxSessions?: number;
  /** Lines for sshd_config, which win over the harness's own. */
  readonly config?: readonly string[];
  /** Log in as this existing user, without making a throw-away one. */
  readonly user?: string;
  /** Behind the name of the throw-away user. */
  readonly userSuffix?: string;
  readonly hostKeyTypes?: readonly KeyType[];
  readonly port?: number;
  /** Variables in every session. */
  readonly env?: Readonly<Record<string, string>>;
  /** Name in the ssh_config. Default: `box<port>`. */
  readonly alias?: string;
  /** Absolute path of the login shell. Default: /bin/sh. */
  readonly shell?: string;
  /** Files below the home: path → text. `noisy`: start files of every shell that print garbage. */
  readonly homeFiles?: 'noisy' | Readonly<Record<string, string>>;
  /** Allows password and, with `usePam`, keyboard-interactive logins. Needs root. */
  readonly password?: string;
  readonly usePam?: boolean;
}

export interface Sshd {
  readonly host: '127.0.0.1';
  readonly port: number;
  readonly user: string;
  readonly home: string;
  /** A copy of test/fixtures/servers that the login can read. */
  readonly servers: string;
  /** A private key that may log in. */
  readonly identityFile: string;
  /** Names every host key of it. */
  readonly knownHostsFile: string;
  readonly hostKeys: readonly KeyPair[];
  /** Has a `Host <alias>`; pass it as `ssh -F`. */
  readonly sshConfigFile: string;
  readonly alias: string;
  /** Everything of it lies here; public, so private files need their own mode. */
  readonly folder: string;
  /** What sshd logged so far. */
  log(): string;
  /** Lets another public key log in. */
  authorize(publicKeyLine: string): void;
  /** Pids of the sshd processes that serve logins now. */
  sessions(): number[];
  /** Processes that logins started and that still run. */
  programs(): ProcessInfo[];
  /** Waits until no program of a login runs. */
  quiet(withinMs?: number): Promise<void>;
  /** Power off: listener, sessions and programs end at once. `restart` brings it back. */
  halt(): Promise<void>;
  /** Halts if it runs, then listens on the same port again, with other host keys if asked. */
  restart(options?: { readonly hostKeys?: readonly KeyPair[] }): Promise<void>;
  /** Ends and removes everything. */
  stop(): Promise<void>;
}

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
const FIXTURES = join(PROJECT, 'test/fixtures/servers');
const MARK = 'MCPA_TEST_SSHD';

export async function startSshd(options: SshdOptions = {}): Promise<Sshd> {
  sweep();
  const folder = makeFolder('public');
  let login: Login | undefined;
  try {
    login = makeLogin(folder.path, options);
    const keys = await makeKeys(folder.path, options.hostKeyTypes ?? ['ed25519']);
    const sshd = new TestSshd(folder, login, options, { ...keys, port: options.port ?? (await freePort()) });
    await sshd.start();
    return sshd;
  } catch (error) {
    login?.remove();
    folder.remove();
    // Somebody else took the port between asking for it and binding it.
    if (options.port === undefined && String(error).includes('Address already in use')) return startSshd(options);
    throw error;
  }
}

interface Login {
  readonly name: string;
  readonly home: string;
  readonly throwAway: UnixUser | undefined;
  remove(): void;
}

interface Identity {
  readonly port: number;
  readonly user: KeyPair;
  readonly host: readonly KeyPair[];
}

class TestSshd implements Sshd {
  readonly host = '127.0.0.1';
  readonly port: number;
  readonly user: string;
  readonly home: string;
  readonly servers: string;
  readonly identityFile: string;
  readonly knownHostsFile: string;
  readonly hostKeys: readonly KeyPair[];
  readonly sshConfigFile: string;
  readonly alias: string;
  readonly folder: string;
  readonly #folder: Folder;
  readonly #login: Login;
  readonly #options: SshdOptions;
  /** In the environment of every program that a login starts. */
  readonly #mark = ownedName();
  #running: SshdProcess | undefined;
  #pastLog = '';

  constructor(folder: Folder, login: Login, options: SshdOptions, identity: Identity) {
    this.#folder = folder;
    this.#login = login;
    this.#options = options;
    this.folder = folder.path;
    this.port = identity.port;
    this.user = login.name;
    this.home = login.home;
    this.hostKeys = identity.host;
    this.identityFile = identity.user.path;
    this.alias = options.alias ?? `box${this.port}`;
    this.servers = join(this.folder, 'servers');
    this.knownHostsFile = join(this.folder, 'known_hosts');
    this.sshConfigFile = join(this.folder, 'ssh_config');
    writeFileSync(join(this.folder, 'authorized_keys'), `${identity.user.publicKey}\n`, { mode: 0o644 });
    writeFileSync(
      this.knownHostsFile,
      this.hostKeys.map((key) => `[${this.host}]:${this.port} ${key.publicKey}\n`).join(''),
    );
    writeFileSync(this.sshConfigFile, sshConfigText(this));
  }

  async start(hostKeys: readonly KeyPair[] = this.hostKeys): Promise<void> {
    const configFile = join(this.folder, 'sshd_config');
    writeFileSync(configFile, this.#config(hostKeys));
    this.#running = await SshdProcess.start(configFile);
  }

  log(): string {
    return this.#pastLog + (this.#running?.log ?? '');
  }

  authorize(publicKeyLine: string): void {
    appendFileSync(join(this.folder, 'authorized_keys'), `${publicKeyLine.trim()}\n`);
  }

  sessions(): number[] {
    return this.#running?.sessions().map((one) => one.pid) ?? [];
  }

  programs(): ProcessInfo[] {
    const { throwAway } = this.#login;
    const found = throwAway === undefined ? withVariable(MARK, this.#mark) : withUid(throwAway.uid);
    return found.filter((one) => !one.name.startsWith('sshd'));
  }

  quiet(withinMs?: number): Promise<void> {
    return gone(() => this.programs(), withinMs);
  }

  async halt(): Promise<void> {
    await this.#running?.kill();
    this.#pastLog = this.log();
    this.#running = undefined;
    killAll(this.programs());
    await this.quiet();
  }

  async restart(options: { readonly hostKeys?: readonly KeyPair[] } = {}): Promise<void> {
    await this.halt();
    await this.start(options.hostKeys);
  }

  async stop(): Promise<void> {
    await this.halt();
    this.#login.remove();
    this.#folder.remove();
  }

  #config(hostKeys: readonly KeyPair[]): string {
    const home: Record<string, string> = this.#login.throwAway === undefined ? { HOME: this.home } : {};
    return sshdConfigText({
      folder: this.folder,
      port: this.port,
      user: this.user,
      hostKeys,
      environment: { [MARK]: this.#mark, ...home, ...this.#options.env },
      usePam: this.#options.usePam ?? false,
      password: this.#options.password !== undefined,
      extra: extraLines(this.#options, this.#login),
    });
  }
}

async function makeKeys(folder: string, hostKeyTypes: readonly KeyType[]): Promise<Omit<Identity, 'port'>> {
  const [user, ...host] = await Promise.all([
    makeKey(join(folder, 'id_ed25519')),
    ...hostKeyTypes.map((type) => makeKey(join(folder, `host_${type}`), type)),
  ]);
  return { user, host };
}

/** Home, user and what a login needs to read. */
function makeLogin(folder: string, options: SshdOptions): Login {
  const home = join(folder, 'home');
  mkdirSync(home, { mode: 0o700 });
  mkdirSync(FIXTURES, { recursive: true });
  cpSync(FIXTURES, join(folder, 'servers'), { recursive: true });
  writeFiles(home, options.homeFiles === 'noisy' ? noisyFiles() : (options.homeFiles ?? {}));
  const throwAway = options.user === undefined && canAddUsers([PROJECT, process.execPath]);
  if (!throwAway)
    return { name: options.user ?? userInfo().username, home, throwAway: undefined, remove: () => undefined };
  const user = addUser(
    `${ownedName()}${options.userSuffix ?? ''}`,
    home,
    options.shell ?? '/bin/sh',
    hashOf(options.password),
  );
  execFileSync('chown', ['-R', `${user.uid}:${user.gid}`, home]);
  chmodSync(home, 0o700);
  return {
    name: user.name,
    home,
    throwAway: user,
    remove: () => {
      removeUser(user);
    },
  };
}

function extraLines(options: SshdOptions, login: Login): string[] {
  const own = options.maxSessions === undefined ? [] : [`MaxSessions ${options.maxSessions}`];
  const shell =
    options.shell === undefined || login.throwAway !== undefined
      ? []
      : [`ForceCommand exec ${options.shell} -c "$SSH_ORIGINAL_COMMAND"`];
  return [...(options.config ?? []), ...own, ...shell];
}

function hashOf(password: string | undefined): string | undefined {
  if (password === undefined) return undefined;
  return execFileSync('openssl', ['passwd', '-6', '-stdin'], { input: `${password}\n`, encoding: 'utf8' }).trim();
}
