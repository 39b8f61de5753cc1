/**
 * A stream that leads to a machine's sshd: TCP, through the machine before it, or a program.
 *
 * Loads nothing of ssh2, which takes as long as half a connection: the first packet is on its way before that.
 */
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { deadline, orAbort } from '../base/abort.ts';
import { AnywhereError } from '../base/errors.ts';
import type { DialerDeps } from '../launch/contract.ts';
import type { SshSettings } from '../ssh/config.ts';
import { channelRefused, connectTimeout, fromSsh2, isRefusal, machineName } from './errors.ts';
import type { LoggedIn } from './login.ts';
import type { ProxyCommand } from './proxy-command.ts';

export interface StreamOptions {
  readonly host: string;
  readonly deps: Pick<DialerDeps, 'clock' | 'env'>;
  readonly signal: AbortSignal;
}

export interface OpenedStream {
  readonly stream: Promise<Duplex>;
  readonly lastWords: () => readonly string[];
}

/** Throws when a route is to be secured in a way that only the system's ssh knows: it must not be ignored. */
export function refuseUnchecked(settings: SshSettings, host: string): void {
  for (const option of ['revokedhostkeys', 'knownhostscommand']) {
    const value = settings.raw.get(option)?.[0];
    if (value === undefined || value === 'none') continue;
    throw new AnywhereError(
      'SSH_CONFIG',
      `${option} is set for ${settings.alias}, and only the system's ssh heeds it`,
      {
        host,
        evidence: [`${option} ${value}`],
        hint: `set \`ssh: { backend: openssh }\` for ${host} in the hosts file, which needs the OpenSSH client`,
      },
    );
  }
}

/** Begins at once. `via`: the machine before it on the way, logged in. */
export function openStream(options: StreamOptions, settings: SshSettings, via: LoggedIn | undefined): OpenedStream {
  if (via !== undefined) return { stream: forwarded(options.host, settings, via), lastWords: () => [] };
  if (settings.proxyCommand !== undefined) return throughProgram(settings.proxyCommand, options.deps);
  return { stream: direct(options, settings), lastWords: () => [] };
}

function throughProgram(command: string, deps: StreamOptions['deps']): OpenedStream {
  let proxy: ProxyCommand | undefined;
  const start = async (): Promise<Duplex> => {
    const { openProxyCommand } = await import('./proxy-command.ts');
    proxy = openProxyCommand(command, deps);
    return proxy.stream;
  };
  return { stream: start(), lastWords: () => proxy?.lastWords() ?? [] };
}

async function direct(options: StreamOptions, settings: SshSettings): Promise<Duplex> {
  const { host, deps, signal } = options;
  const machine = machineName(settings);
  const limit = deadline(
    deps.clock,
    settings.connectTimeoutMs,
    () => connectTimeout(machine, settings.connectTimeoutMs, host),
    signal,
  );
  try {
    return await connectTcp(settings, limit.signal);
  } catch (error) {
    throw fromSsh2(error, 'connecting', { host, machine });
  } finally {
    limit.clear();
  }
}

const FAMILIES: Readonly<Record<string, 4 | 6>> = { inet: 4, inet6: 6 };

/** Without Nagle's delay. A lost SYN is repeated late; `DialRace` sends a fresh one. */
function connectTcp(settings: SshSettings, signal: AbortSignal): Promise<Socket> {
  const localAddress = settings.raw.get('bindaddress')?.[0];
  const socket = connect({
    host: settings.hostname,
    port: settings.port,
    // 0: whichever answers (AddressFamily any).
    family: FAMILIES[settings.raw.get('addressfamily')?.[0] ?? 'any'] ?? 0,
    noDelay: true,
    keepAlive: true,
    // Node's 250 ms would give up on every address of a machine that is further away than that.
    autoSelectFamilyAttemptTimeout: 1000,
    ...(localAddress === undefined ? {} : { localAddress }),
  });
  // Ours until ssh2 takes it: an error in between must not be an uncaught one.
  socket.on('error', () => undefined);
  const connected = new Promise<Socket>((resolve, reject) => {
    socket.once('error', reject);
    socket.once('connect', () => {
      resolve(socket);
    });
  });
  return orAbort(connected, signal).catch((error: unknown) => {
    socket.destroy();
    throw error;
  });
}

function forwarded(host: string, settings: SshSettings, via: LoggedIn): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    via.client.forwardOut('127.0.0.1', 0, settings.hostname, settings.port, (error, channel) => {
      if (error === undefined) resolve(channel);
      else if (isRefusal(error)) reject(unreachableFrom(via, machineName(settings), host, error));
      else reject(fromSsh2(error, 'connecting', via.place));
    });
  });
}

/** The jump machine is fine; it cannot or may not reach the next one. */
function unreachableFrom(via: LoggedIn, machine: string, host: string, error: unknown): AnywhereError {
  const { evidence } = channelRefused(error, machine, via.place);
  return new AnywhereError('HOST_UNREACHABLE', `${via.place.machine} could not connect to ${machine}`, {
    host,
    evidence,
    cause: error,
  });
}
