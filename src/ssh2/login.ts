/** The login on one machine: handshake, host key check and authentication over a stream to its sshd. */
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import ssh2, { type Client } from 'ssh2';
import * as z from 'zod';
import { Emitter } from '../base/emitter.ts';
import { AnywhereError } from '../base/errors.ts';
import { Memory } from '../base/memory.ts';
import type { DialerDeps, Pulse, TransportEnd } from '../launch/contract.ts';
import { askAgent } from '../ssh/agent.ts';
import type { SshSettings } from '../ssh/config.ts';
import { knownKeyTypes, lookupKnownHost } from '../ssh/known-hosts.ts';
import { algorithmsFor } from './algorithms.ts';
import { type Authentication, createAuthentication } from './authenticate.ts';
import { connectTimeout, endedEarly, fromSsh2, isPassing, machineName, type Phase, type Ssh2Place } from './errors.ts';
import { checkHostKey, type HostCheck } from './host-keys.ts';
import { listIdentities } from './identities.ts';
import { ignoreHostKeys, onLoginFailure } from './internals.ts';
import type { Keyring } from './keyring.ts';
import { createAsker, LoginLimit } from './questions.ts';

/** A connection that is logged in. */
export interface LoggedIn {
  readonly client: Client;
  readonly place: Ssh2Place;
  /** `SHA256:…` of the host key. */
  readonly fingerprint: string;
  /** "ssh-ed25519 SHA256:… (agent)", "…, then keyboard-interactive". */
  readonly method: string;
  /** Resolves when the connection is over. Never rejects. */
  readonly ended: Promise<TransportEnd>;
  /** Undefined where the stream does not count its bytes. */
  bytesRead(): number | undefined;
  /** Called at the end before ssh2 ends the channels, which would otherwise report the end of their programs. At once where the end has come. */
  onEnd(listener: (cause: AnywhereError) => void): void;
  /** Ends the connection at once. */
  destroy(cause: AnywhereError): void;
}

export interface LoginOptions {
  readonly host: string;
  readonly settings: SshSettings;
  /** Opens while key files and known_hosts are read. */
  readonly stream: Promise<Duplex>;
  readonly deps: DialerDeps;
  readonly keyring: Keyring;
  readonly signal: AbortSignal;
  readonly pulse?: Pulse | undefined;
  /** Socket of the agent that programs on the machine may use. */
  readonly forwardedAgent?: string | undefined;
}

/** Limit of all banners before the login (RFC 4252, section 5.4). */
export const BANNER_CHARACTERS = 1024 * 1024;
const KEEPALIVE_MS = 10_000;
const KEEPALIVE_COUNT = 2;

/** Rejects with an AnywhereError, and leaves nothing open. */
export async function logIn(options: LoginOptions): Promise<LoggedIn> {
  const { settings, deps, signal } = options;
  options.stream.catch(() => undefined);
  const known = await lookupKnownHost(settings);
  const accepted = acceptedKeys(deps).recall(machineOf(settings))?.fingerprint;
  const agent = askAgent(settings.identityAgent, deps.clock, signal);
  const identities = agent.then((answer) => listIdentities(settings, answer, options.keyring, accepted));
  identities.catch(() => undefined);
  const check = checkHostKey(known, options.host);
  const algorithms = algorithmsFor(settings, knownKeyTypes(known));
  const stream = await options.stream;
  return new Login(options, check).run(stream, algorithms, identities);
}

class Login {
  readonly #options: LoginOptions;
  readonly #check: HostCheck;
  readonly #client: Client = new ssh2.Client();
  readonly #place: Ssh2Place;
  #stream: Duplex | undefined;
  #phase: Phase = 'connecting';
  #cause: AnywhereError | undefined;
  /** Refused attempts are told by `onLoginFailure`, not by the authHandler's arguments. */
  #isHeard = false;
  readonly #ended: Promise<TransportEnd>;
  #end: (end: TransportEnd) => void = () => undefined;
  readonly #ending = new Emitter<AnywhereError>();

  constructor(options: LoginOptions, check: HostCheck) {
    this.#options = options;
    this.#check = check;
    this.#place = { host: options.host, machine: machineName(options.settings) };
    this.#ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  async run(
    stream: Duplex,
    algorithms: ssh2.Algorithms,
    identities: ReturnType<typeof listIdentities>,
  ): Promise<LoggedIn> {
    const { settings, deps, signal, host } = this.#options;
    this.#stream = stream;
    const limit = new LoginLimit(deps.clock, settings.connectTimeoutMs, () => {
      this.#finish(connectTimeout(this.#place.machine, settings.connectTimeoutMs, host));
    });
    const { pulse } = this.#options;
    // Time that a person takes to answer is no standstill.
    if (pulse !== undefined) pulse.source = () => (limit.isPaused ? Number.NaN : bytesReadOf(stream));
    const onAbort = (): void => {
      this.#finish(fromSsh2(signal.reason, this.#phase, this.#place));
    };
    const asker = createAsker({ prompter: deps.prompter, host, login: this.#place.machine, signal, limit });
    const auth = createAuthentication({ settings, identities, asker });
    try {
      const ready = this.#watch(auth);
      signal.addEventListener('abort', onAbort, { once: true });
      if (signal.aborted) onAbort();
      else this.#connect(stream, algorithms, auth);
      await ready;
    } finally {
      limit.clear();
      signal.removeEventListener('abort', onAbort);
    }
    // The connection may have ended in the same chunk of bytes as the login.
    if (this.#cause !== undefined) throw this.#cause;
    return this.#loggedIn(auth);
  }

  #connect(stream: Duplex, algorithms: ssh2.Algorithms, auth: Authentication): void {
    const { forwardedAgent } = this.#options;
    this.#client.connect({
      sock: stream,
      ...(forwardedAgent === undefined ? {} : { agent: forwardedAgent }),
      username: this.#options.settings.user,
      algorithms,
      hostVerifier: this.#check.verifier,
      authHandler: (methods, partial, next) => {
        if (!this.#isHeard && (methods as readonly string[] | null) !== null) auth.refused(methods, partial);
        auth.handler(methods, partial, next);
      },
      keepaliveInterval: KEEPALIVE_MS,
      keepaliveCountMax: KEEPALIVE_COUNT,
      // `LoginLimit` is used instead, which pauses while a person is asked.
      readyTimeout: 0,
    });
    ignoreHostKeys(this.#client);
    this.#isHeard = onLoginFailure(this.#client, (methods, partial) => {
      auth.refused(methods, partial);
    });
  }

  /** Resolves once logged in. The listeners stay, because an `error` without a listener would end the program. */
  #watch(auth: Authentication): Promise<void> {
    const client = this.#client;
    client.on('connect', () => {
      this.#phase = 'handshake';
    });
    let bannerCharacters = 0;
    client.on('banner', (text: string) => {
      bannerCharacters += text.length;
      if (bannerCharacters > BANNER_CHARACTERS) this.#finish(bannerFlood(this.#place));
    });
    client.on('handshake', () => {
      if (this.#phase === 'handshake') this.#phase = 'login';
    });
    client.on('error', (error: unknown) => {
      if (!isPassing(error))
        this.#finish(this.#check.failure() ?? this.#orLoginFailure(fromSsh2(error, this.#phase, this.#place), auth));
    });
    const onEnd = (): void => {
      this.#finish(this.#check.failure() ?? endedEarly(this.#phase, this.#place));
    };
    client.on('end', onEnd).on('close', onEnd);
    return new Promise((resolve, reject) => {
      client.on('ready', () => {
        this.#phase = 'ready';
        resolve();
      });
      this.#ending.on(reject);
    });
  }

  /** The first cause counts. ssh2 would wait for the other side to close. */
  #finish(cause: AnywhereError): void {
    if (this.#cause !== undefined) return;
    this.#cause = cause;
    this.#end({ cause });
    this.#ending.emit(cause);
    this.#stream?.destroy();
  }

  #orLoginFailure(error: AnywhereError, auth: Authentication): AnywhereError {
    return error.code === 'AUTH_FAILED' ? auth.failure(this.#place.machine, this.#options.host) : error;
  }

  #loggedIn(auth: Authentication): LoggedIn {
    const fingerprint = auth.trying()?.fingerprint;
    const { deps, settings } = this.#options;
    if (fingerprint !== undefined) acceptedKeys(deps).remember(machineOf(settings), { fingerprint });
    return {
      client: this.#client,
      place: this.#place,
      fingerprint: this.#check.fingerprint() ?? '',
      method: auth.method(),
      ended: this.#ended,
      bytesRead: () => bytesReadOf(this.#stream),
      onEnd: (listener) => {
        if (this.#cause === undefined) this.#ending.on(listener);
        else listener(this.#cause);
      },
      destroy: (cause) => {
        this.#finish(cause);
      },
    };
  }
}

const ACCEPTED_KEY = z.object({ fingerprint: z.string().regex(/^SHA256:[A-Za-z0-9+/]{43}$/) });

/** Which key each machine accepted last. That key is offered first, because every wrong one costs a round trip. */
function acceptedKeys({ cacheDir, log }: Pick<DialerDeps, 'cacheDir' | 'log'>): Memory<z.infer<typeof ACCEPTED_KEY>> {
  return new Memory(join(cacheDir, 'logins'), ACCEPTED_KEY, (error) => {
    log.debug({ error }, 'which key the machine accepted could not be kept');
  });
}

function machineOf({ user, hostname, port }: SshSettings): readonly string[] {
  return [user, hostname, String(port)];
}

function bannerFlood({ host, machine }: Ssh2Place): AnywhereError {
  const text = `${machine} sent more than ${BANNER_CHARACTERS} characters of banners before the login`;
  return new AnywhereError('HOST_UNREACHABLE', text, { host });
}

function bytesReadOf(stream: Duplex | undefined): number | undefined {
  return stream !== undefined && 'bytesRead' in stream && typeof stream.bytesRead === 'number'
    ? stream.bytesRead
    : undefined;
}
