/** A `Transport` to this machine: every session is a process group of its own. */
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { execa } from 'execa';
import { AnywhereError } from '../base/errors.ts';
import type { Channel, DialerDeps, Transport, TransportEnd, TunnelTarget } from '../launch/contract.ts';
import { LocalChannel } from './channel.ts';

export class LocalTransport implements Transport {
  readonly identity = 'local';
  /** All pipes end with this process. */
  readonly closesWhole = true;
  readonly ended: Promise<TransportEnd>;
  readonly #host: string;
  readonly #deps: DialerDeps;
  readonly #channels = new Set<LocalChannel>();
  #end: (end: TransportEnd) => void = () => undefined;
  #dead = false;

  constructor(host: string, deps: DialerDeps) {
    this.#host = host;
    this.#deps = deps;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  async exec(command: string, signal: AbortSignal): Promise<Channel> {
    signal.throwIfAborted();
    if (this.#dead) throw this.#closed();
    const { env, homeDir, clock } = this.#deps;
    // Detached: the launcher leads a process group of its own, and outlives this process long enough to reap.
    const child = execa('/bin/sh', ['-c', command], {
      cwd: homeDir,
      // For the launcher's own tools; the variables of the server are part of the launch.
      env: { HOME: env['HOME'] ?? homeDir, PATH: env['PATH'] ?? '/usr/bin:/bin' },
      extendEnv: false,
      detached: true,
      cleanup: false,
      buffer: false,
      reject: false,
      stdin: 'pipe',
      stdout: 'pipe',
      stderr: 'pipe',
    });
    const channel = new LocalChannel(child, clock);
    await channel.spawned(this.#host);
    this.#channels.add(channel);
    channel.silent.then(
      () => this.#channels.delete(channel),
      () => undefined,
    );
    return channel;
  }

  subsystem(name: string): Promise<Channel> {
    const message = `This machine has no ssh subsystem ${name}`;
    return Promise.reject(new AnywhereError('CHANNEL_REFUSED', message, { host: this.#host }));
  }

  tunnel(target: TunnelTarget, signal: AbortSignal): Promise<Duplex> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: target.host, port: target.port, noDelay: true, signal });
      socket.once('error', (cause) => {
        reject(this.#unreachable(target, cause));
      });
      socket.once('connect', () => {
        socket.removeAllListeners('error');
        resolve(socket);
      });
    });
  }

  async close(): Promise<void> {
    this.destroy(this.#closed());
    await Promise.all([...this.#channels].map(({ silent }) => silent));
  }

  destroy(cause: AnywhereError): void {
    if (this.#dead) return;
    this.#dead = true;
    for (const channel of [...this.#channels]) channel.lose(cause);
    this.#end({ cause });
  }

  #closed(): AnywhereError {
    return new AnywhereError('LINK_LOST', 'The link was closed', { host: this.#host });
  }

  #unreachable(target: TunnelTarget, cause: Error): AnywhereError {
    const message = `Nothing answers at ${target.host}:${String(target.port)}`;
    return new AnywhereError('HOST_UNREACHABLE', message, { host: this.#host, cause });
  }
}
