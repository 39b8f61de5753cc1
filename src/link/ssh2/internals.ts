/**
 * The parts of ssh2's Client that its public interface lacks, each typed and checked here and used nowhere else.
 * package.json pins the exact version they belong to.
 *
 * They save round trips (facts: a first byte after 5 instead of 12) and tell of a partial success, which ssh2
 * drops for keys of an agent.
 */
import type { Client, ClientChannel, ParsedKey } from 'ssh2';
import { AnywhereError } from '../../base/errors.ts';
import type { SignatureHash } from './agent.ts';

type Signer = (data: Buffer, done: (signature: Buffer) => void) => void;
type ChannelCallback = ((error: Error | undefined, channel: ClientChannel) => void) & { type?: string };

interface Protocol {
  authPK(user: string, key: ParsedKey, algorithm?: string, sign?: Signer): void;
  service(name: string): void;
  session(channel: number, window: number, packetSize: number): void;
  exec(channel: number, command: string, wantReply: boolean): void;
  subsystem(channel: number, name: string, wantReply: boolean): void;
  channelData(channel: number, bytes: Buffer): void;
  channelWindowAdjust(channel: number, bytes: number): void;
  ping(): void;
  readonly _handlers: {
    USERAUTH_FAILURE: (protocol: unknown, methods: string[], partial: boolean) => void;
    SERVICE_ACCEPT: (protocol: unknown, name: string) => void;
    GLOBAL_REQUEST: (protocol: unknown, name: string, wantReply: boolean, data: unknown) => void;
  };
}

interface Internals {
  readonly _protocol: Protocol;
  readonly _chanMgr: { add(callback: ChannelCallback): number; remove(id: number): void };
  readonly _callbacks: ((failed: boolean | Error) => void)[];
  readonly _remoteVer: string | undefined;
}

export interface ChannelInternals {
  /** What the machine may still send. */
  readonly incoming: { window: number };
  readonly outgoing: { readonly id: number; readonly state: string };
  readonly _callbacks: ((failed: boolean) => void)[];
  subtype: string | undefined;
}

/** As ssh2's own Channel.js has them. */
export const WINDOW = 2 * 1024 * 1024;
const PACKET = 32 * 1024;

/** After `connect()`. Throws INTERNAL for a version of ssh2 that is built differently. */
export function internalsOf(client: Client): Internals {
  const inside = client as unknown as Partial<Internals>;
  const protocol = inside._protocol;
  const fits =
    typeof protocol?.authPK === 'function' &&
    typeof protocol.session === 'function' &&
    typeof protocol.service === 'function' &&
    typeof protocol.channelData === 'function' &&
    typeof protocol.channelWindowAdjust === 'function' &&
    typeof protocol._handlers.USERAUTH_FAILURE === 'function' &&
    typeof protocol._handlers.SERVICE_ACCEPT === 'function' &&
    typeof protocol._handlers.GLOBAL_REQUEST === 'function' &&
    typeof inside._chanMgr?.add === 'function' &&
    Array.isArray(inside._callbacks);
  if (!fits)
    throw new AnywhereError('INTERNAL', 'the installed ssh2 is not the version that MCP-Anywhere was made for');
  return inside as Internals;
}

/** Whether the machine runs OpenSSH; known from its first line on. Only there sending ahead has been tried. */
export function runsOpenSsh(client: Client): boolean {
  return /^OpenSSH_\d/.test(internalsOf(client)._remoteVer ?? '');
}

/** Told of every refused attempt before ssh2 acts on it. */
export function onLoginFailure(client: Client, listener: (methods: readonly string[], partial: boolean) => void): void {
  const { _handlers: handlers } = internalsOf(client)._protocol;
  const original = handlers.USERAUTH_FAILURE;
  handlers.USERAUTH_FAILURE = (protocol, methods, partial) => {
    listener(methods, partial);
    original(protocol, methods, partial);
  };
}

const HOST_KEYS = 'hostkeys-00@openssh.com';

/**
 * Leaves alone what a machine tells of its other host keys (OpenSSH's PROTOCOL, section 2.5). ssh2 has it prove each of
 * them, which nobody here wants to know: for every connection a signature with every key over there, and as many checks here.
 */
export function ignoreHostKeys(client: Client): void {
  const { _handlers: handlers } = internalsOf(client)._protocol;
  const original = handlers.GLOBAL_REQUEST;
  handlers.GLOBAL_REQUEST = (protocol, name, wantReply, data) => {
    if (name !== HOST_KEYS || wantReply) original(protocol, name, wantReply, data);
  };
}

/** What may be sent without waiting for the answer to what went before. */
export interface Ahead {
  /** Signs for this key at once instead of asking first whether it would do (RFC 4252, section 7). Undefined: ask. */
  signer(key: ParsedKey, hash: SignatureHash): ((data: Buffer) => Promise<Buffer>) | undefined;
  /** The signature is on its way. */
  signed(): void;
}

export function signAtOnce(client: Client, ahead: Ahead): void {
  const { _protocol: protocol } = internalsOf(client);
  const original = protocol.authPK.bind(protocol);
  protocol.authPK = (user, key, algorithm, sign) => {
    const signer = sign === undefined ? ahead.signer(key, hashOf(algorithm)) : undefined;
    if (signer === undefined) {
      original(user, key, algorithm, sign);
      return;
    }
    original(user, key, algorithm, (data, done) => {
      void sendSigned(signer(data), done, ahead).catch(() => {
        // Asking first instead: ssh2 then meets the same failure and goes on to the next key.
        if (isUp(client)) original(user, key, algorithm);
      });
    });
  };
}

async function sendSigned(signature: Promise<Buffer>, send: (signature: Buffer) => void, ahead: Ahead): Promise<void> {
  send(await signature);
  ahead.signed();
}

/** ssh2's protocol throws once its connection is over. */
function isUp(client: Client): boolean {
  const socket = (client as unknown as { _sock?: { writable?: boolean } })._sock;
  return socket?.writable === true;
}

/** Begins the login together with the request for the service, which OpenSSH never refuses. Resolves once it is accepted. */
export function loginWithService(client: Client): Promise<void> {
  const { _protocol: protocol } = internalsOf(client);
  const request = protocol.service.bind(protocol);
  const accept = protocol._handlers.SERVICE_ACCEPT;
  let begun = false;
  return new Promise((resolve) => {
    protocol._handlers.SERVICE_ACCEPT = (from, name) => {
      resolve();
      if (!begun) accept(from, name);
    };
    protocol.service = (name) => {
      request(name);
      if (!runsOpenSsh(client)) return;
      begun = true;
      accept(protocol, name);
    };
  });
}

type Program = { readonly command: string } | { readonly subsystem: string };

/** A session that is being opened, and its program. */
export interface Opening {
  /** Rejects with ssh2's error when the machine refuses. */
  readonly channel: Promise<ClientChannel>;
  /** Whether the program was started; what is written before travels behind the request. Never rejects. */
  readonly started: Promise<boolean>;
  /** Forgets a session that the machine will never answer. */
  abandon(): void;
}

/**
 * Opens a session and requests its program as soon as it is there.
 *
 * `first`: the program is requested along with the session, naming the channel before the machine did. OpenSSH numbers
 * them from 0 (channels.c) and ends a connection that names a wrong one, or the right one of a session it refused: only
 * for the first session of a machine where that was seen to work.
 */
export function openSession(
  client: Client,
  program: Program,
  options: { readonly first: boolean } = { first: false },
): Opening {
  const { _chanMgr: channels, _protocol: protocol } = internalsOf(client);
  let id = -1;
  let answer: (started: boolean) => void = () => undefined;
  const started = new Promise<boolean>((resolve) => {
    answer = resolve;
  });
  const channel = new Promise<ClientChannel>((resolve, reject) => {
    // Runs before the next packet is read, which may be the answer to the program.
    const callback: ChannelCallback = (error, opened) => {
      if (error !== undefined) {
        reject(error);
        answer(false);
        return;
      }
      const inside = opened as unknown as ChannelInternals;
      inside.subtype = 'command' in program ? 'exec' : 'subsystem';
      inside._callbacks.push((failed) => {
        answer(!failed);
      });
      if (!options.first) requestProgram(protocol, inside.outgoing.id, program);
      resolve(opened);
    };
    callback.type = 'session';
    id = channels.add(callback);
    protocol.session(id, WINDOW, PACKET);
    if (options.first) requestProgram(protocol, 0, program);
  });
  return {
    channel,
    started,
    abandon: () => {
      channels.remove(id);
    },
  };
}

function requestProgram(protocol: Protocol, channel: number, program: Program): void {
  if ('command' in program) protocol.exec(channel, program.command, true);
  else protocol.subsystem(channel, program.subsystem, true);
}

/** A keepalive request; resolves with the machine's answer, rejects when the connection ends first. */
export function ping(client: Client): Promise<void> {
  const inside = internalsOf(client);
  return new Promise((resolve, reject) => {
    inside._callbacks.push((failed) => {
      if (failed instanceof Error) reject(failed);
      else resolve();
    });
    inside._protocol.ping();
  });
}

function hashOf(algorithm: string | undefined): SignatureHash {
  const hashes: Readonly<Record<string, SignatureHash>> = {
    'rsa-sha2-256': 'sha256',
    'rsa-sha2-512': 'sha512',
    'ssh-rsa': 'sha1',
  };
  return algorithm === undefined ? undefined : hashes[algorithm];
}
