/** A small SSH server on loopback: one key may log in and run commands through /bin/sh. Everything else is refused. */

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { timingSafeEqual } from 'node:crypto';
import { createServer, type Socket, type Server as TcpServer } from 'node:net';
import ssh2, { type AuthContext, type Connection, type ParsedKey, type ServerChannel, type Session } from 'ssh2';
import { signalGroup } from '../base/process-group.ts';

export interface SshdSettings {
  readonly port: number;
  /** PEM or OpenSSH text. */
  readonly hostKey: string;
  /** One line of authorized_keys. */
  readonly authorizedKey: string;
  readonly login: Login;
}

export class DemoSshd {
  readonly #groups = new ProcessGroups();
  readonly #sockets = new Set<Socket>();
  readonly #settings: SshdSettings;
  readonly #allowed: ParsedKey;
  readonly #tcp: TcpServer;

  constructor(settings: SshdSettings) {
    this.#settings = settings;
    this.#allowed = parseKey(settings.authorizedKey);
    const ssh = new ssh2.Server({ hostKeys: [settings.hostKey] }, (connection) => {
      this.#serve(connection);
    });
    this.#tcp = createServer({ noDelay: true }, (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
      ssh.injectSocket(socket);
    });
  }

  /** Resolves with the port once connections are accepted. */
  listen(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#tcp.once('error', reject);
      this.#tcp.listen(this.#settings.port, '127.0.0.1', () => {
        const address = this.#tcp.address();
        resolve(typeof address === 'object' && address !== null ? address.port : this.#settings.port);
      });
    });
  }

  /** Ends everything at once: closes connections without a word, and kills programs. */
  cutPower(): void {
    this.#tcp.close();
    // Not `resetAndDestroy`: during a shutdown its handle never closes, and Node spins at exit.
    for (const socket of this.#sockets) socket.destroy();
    this.#groups.endAll();
  }

  #serve(connection: Connection): void {
    connection.on('error', () => undefined);
    connection.on('authentication', (context) => {
      if (mayLogIn(context, this.#allowed)) context.accept();
      else context.reject(['publickey']);
    });
    connection.on('session', (accept) => {
      this.#session(accept());
    });
  }

  #session(session: Session): void {
    session.on('exec', (accept, _reject, { command }) => {
      this.#run(accept(), command);
    });
  }

  #run(channel: ServerChannel, command: string): void {
    const child = this.#groups.start(command, this.#settings.login);
    for (const stream of [child.stdin, child.stdout, child.stderr, channel]) stream.on('error', () => undefined);
    channel.pipe(child.stdin);
    child.stdout.pipe(channel, { end: false });
    child.stderr.pipe(channel.stderr, { end: false });
    channel.once('close', () => {
      this.#groups.hangUp(child);
    });
    child.once('error', () => {
      channel.exit(126);
      channel.close();
    });
    child.once('close', (code, signal) => {
      if (signal === null) channel.exit(code ?? 0);
      else channel.exit(signal.replace(/^SIG/, ''));
      channel.end();
    });
  }
}

/** RFC 4252 section 7: the key is the allowed one, and a signature, if present, is valid. */
function mayLogIn(context: AuthContext, allowed: ParsedKey): boolean {
  if (context.method !== 'publickey') return false;
  const expected = allowed.getPublicSSH();
  if (context.key.data.length !== expected.length || !timingSafeEqual(context.key.data, expected)) return false;
  if (context.signature === undefined) return true;
  if (context.blob === undefined) return false;
  // ssh2 returns an Error, which is truthy, if it cannot check the signature. Its types do not say so.
  const verdict: unknown = allowed.verify(context.blob, context.signature, context.hashAlgo);
  return verdict === true;
}

function parseKey(line: string): ParsedKey {
  const parsed = ssh2.utils.parseKey(line);
  if (parsed instanceof Error) throw parsed;
  return parsed;
}

/** The time for the programs of a closed channel to end by themselves, ms. */
const GRACE_MS = 8000;

interface Login {
  readonly home: string;
  readonly env: Readonly<Record<string, string>>;
}

/** The programs that one demo host runs for its logins, each in its own process group. */
class ProcessGroups {
  readonly #groups = new Set<number>();

  /** Starts `/bin/sh -c command` as sshd does: own session, own HOME, nothing from the demo's environment. */
  start(command: string, login: Login): ChildProcessWithoutNullStreams {
    const child = spawn('/bin/sh', ['-c', command], { cwd: login.home, env: login.env, detached: true, stdio: 'pipe' });
    const group = child.pid;
    if (group !== undefined) {
      this.#groups.add(group);
      child.once('close', () => {
        if (!signalGroup(group, 0)) this.#groups.delete(group);
      });
    }
    return child;
  }

  /** The channel is gone: closes stdin, and kills later what still runs. */
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

  /** Kills every program at once, like a power cut. */
  endAll(): void {
    for (const group of this.#groups) this.#end(group);
  }

  #end(group: number): void {
    // An ended group is no longer in the set, so no other process with the same number is killed.
    if (this.#groups.delete(group)) signalGroup(group, 'SIGKILL');
  }
}
