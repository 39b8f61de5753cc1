/** From a route to a login on its last machine: every machine on the way is checked and logged in to like the last. */
import type { Duplex } from 'node:stream';
import { deadline } from '../../base/abort.ts';
import { AnywhereError } from '../../base/errors.ts';
import type { LinkDeps } from '../contract.ts';
import type { SshSettings } from '../ssh-config.ts';
import { channelRefused, fromSsh2, isRefusal } from './errors.ts';
import type { Keyring } from './keyring.ts';
import { logIn, machineName, type LoggedIn } from './login.ts';
import type { LoginMemory } from './memory.ts';
import { openProxyCommand } from './proxy-command.ts';
import type { Route } from './route.ts';
import { connectTcp, connectTimeout } from './tcp.ts';

export interface ConnectOptions {
  readonly host: string;
  readonly route: Route;
  readonly deps: LinkDeps;
  readonly keyring: Keyring;
  readonly memory: LoginMemory;
  /** See LoginOptions; for the last machine. */
  readonly program: string | undefined;
  readonly signal: AbortSignal;
  /** Told of every machine that let us in, the last among them. */
  readonly onLogin?: (settings: SshSettings, login: LoggedIn) => void;
}

/** The login on the last machine; it takes those before it along when it ends. */
export async function connectRoute(options: ConnectOptions): Promise<LoggedIn> {
  const logins: LoggedIn[] = [];
  try {
    for (const settings of options.route) {
      const last = settings === options.route.at(-1);
      const login = await logInVia(options, settings, logins.at(-1), last);
      logins.push(login);
      options.onLogin?.(settings, login);
    }
  } catch (error) {
    endAll(logins, error as AnywhereError);
    throw error;
  }
  return bundle(logins);
}

/** Throws when a route is to be secured in a way that only the system's ssh knows: it must not be ignored. */
export function refuseUnchecked(settings: SshSettings, host: string): void {
  for (const option of ['revokedhostkeys', 'knownhostscommand']) {
    const value = settings.raw.get(option)?.[0];
    if (value === undefined || value === 'none') continue;
    throw new AnywhereError('SSH_CONFIG', `${option} is set for ${settings.alias}, and only the system's ssh heeds it`, {
      host,
      evidence: [`${option} ${value}`],
      hint: `set \`ssh: { backend: openssh }\` for ${host} in the hosts file`,
    });
  }
}

/** A stream that leads to the machine's sshd: TCP, through the machine before it, or a program. */
export function openStream(options: Pick<ConnectOptions, 'host' | 'deps' | 'signal'>, settings: SshSettings, via: LoggedIn | undefined): OpenedStream {
  if (via !== undefined) return { stream: forwarded(options.host, settings, via), lastWords: () => [] };
  if (settings.proxyCommand !== undefined) {
    const proxy = openProxyCommand(settings.proxyCommand, options.deps);
    return { stream: Promise.resolve(proxy.stream), lastWords: () => proxy.lastWords() };
  }
  return { stream: direct(options, settings), lastWords: () => [] };
}

interface OpenedStream {
  readonly stream: Promise<Duplex>;
  readonly lastWords: () => readonly string[];
}

async function logInVia(options: ConnectOptions, settings: SshSettings, via: LoggedIn | undefined, last: boolean): Promise<LoggedIn> {
  refuseUnchecked(settings, options.host);
  const { stream, lastWords } = openStream(options, settings, via);
  try {
    return await logIn({ ...options, settings, stream, program: last ? options.program : undefined });
  } catch (error) {
    // Whatever failed before the stream was there must not leave it behind.
    void stream.then((opened) => opened.destroy(), () => undefined);
    const words = lastWords();
    if (words.length === 0 || !(error instanceof AnywhereError)) throw error;
    throw new AnywhereError(error.code, error.message, { host: error.host, evidence: [...error.evidence, ...words.map((line) => `ProxyCommand: ${line}`)], hint: error.hint, cause: error });
  }
}

async function direct(options: Pick<ConnectOptions, 'host' | 'deps' | 'signal'>, settings: SshSettings): Promise<Duplex> {
  const { host, deps, signal } = options;
  const machine = machineName(settings);
  const limit = deadline(deps.clock, settings.connectTimeoutMs, () => connectTimeout(machine, settings.connectTimeoutMs, host), signal);
  const families: Readonly<Record<string, 4 | 6>> = { inet: 4, inet6: 6 };
  const target = {
    hostname: settings.hostname,
    port: settings.port,
    family: families[settings.raw.get('addressfamily')?.[0] ?? 'any'] ?? 0,
    localAddress: settings.raw.get('bindaddress')?.[0],
  } as const;
  try {
    return await connectTcp(target, deps.clock, limit.signal);
  } catch (error) {
    throw fromSsh2(error, 'connecting', { host, machine });
  } finally {
    limit.clear();
  }
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
  return new AnywhereError('HOST_UNREACHABLE', `${via.place.machine} could not connect to ${machine}`, { host, evidence, cause: error });
}

function bundle(logins: readonly LoggedIn[]): LoggedIn {
  const last = logins.at(-1);
  if (last === undefined) throw new AnywhereError('INTERNAL', 'a route without machines');
  last.onEnd((cause) => {
    endAll(logins, cause);
  });
  return last;
}

/** Last first: each one's stream lies in the one before it. */
function endAll(logins: readonly LoggedIn[], cause: AnywhereError): void {
  for (const login of [...logins].reverse()) login.destroy(cause);
}
