/**
 * A stream to a machine's sshd: TCP, a channel of the jump host before it, or a ProxyCommand.
 *
 * Loads nothing of ssh2, so that the first packet is sent before ssh2 is loaded.
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

/** Throws where an option asks for host key checks that only the system's ssh can do. */
export function refuseUnchecked(settings: SshSettings, host: string): void {
  for (const option of ['revokedhostkeys', 'knownhostscommand']) {
    const value = settings.raw.get(option)?.[0];
    if (value === undefined || value === 'none') continue;
    throw new AnywhereError(
      'SSH_CONFIG',
      `${option} is set for ${settings.alias}, and only the system's ssh honours it`,
      {
        host,
        evidence: [`${option} ${value}`],
        hint: `set \`ssh: { backend: openssh }\` for ${host} in the hosts file, which needs the OpenSSH client`,
      },
    );
  }
}

/** @param via the login on the jump host before this machine */
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
    // Node's default of 250 ms would give up on every address of a distant machine.
    autoSelectFamilyAttemptTimeout: 1000,
    ...(localAddress === undefined ? {} : { localAddress }),
  });
  // Until ssh2 listens, an error must not be an uncaught one.
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

/** The jump host works, but cannot or may not reach the next machine. */
function unreachableFrom(via: LoggedIn, machine: string, host: string, error: unknown): AnywhereError {
  const { evidence } = channelRefused(error, machine, via.place);
  return new AnywhereError('HOST_UNREACHABLE', `the jump host ${via.place.machine} could not connect to ${machine}`, {
    host,
    evidence,
    cause: error,
  });
}
