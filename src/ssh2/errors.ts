/** Turns errors of ssh2 and of sockets into ours: the only place. Decides on `level` and `code`, never on text. */
import { AnywhereError, type ErrorCode, type ErrorPlace } from '../base/errors.ts';
import type { SshSettings } from '../ssh/config.ts';

/** The stage at which a connection failed. */
export type Phase = 'connecting' | 'handshake' | 'login' | 'ready';

/** Where a connection failed: the host of the hosts file, and the machine, which may be a jump host. */
export interface Ssh2Place extends ErrorPlace {
  /** `user@hostname:port`, for people. */
  readonly machine: string;
}

/** `user@host:port`, for people. */
export function machineName({ user, hostname, port }: Pick<SshSettings, 'user' | 'hostname' | 'port'>): string {
  return `${user}@${hostname}${port === 22 ? '' : `:${port}`}`;
}

interface Ssh2Error {
  readonly message: string;
  /** ssh2: client-socket, client-timeout, client-authentication, client-dns, agent, handshake, protocol. */
  readonly level?: string;
  /** A name of errno, or the number of an SSH_MSG_DISCONNECT (RFC 4253, section 11.1). */
  readonly code?: string | number;
  /** Of SSH_MSG_CHANNEL_OPEN_FAILURE (RFC 4254, section 5.1). */
  readonly reason?: number | string;
}

/** The resolver knows no address of the name (getaddrinfo(3)). */
const UNRESOLVED: ReadonlySet<unknown> = new Set(['ENOTFOUND', 'EAI_AGAIN', 'EAI_NONAME', 'EAI_NODATA']);

function resolveHint(host: string | undefined): string {
  const where = 'correct the host name in ~/.ssh/config, or `ssh.host` in the hosts file';
  return host === undefined ? where : `${where}; mcp-anywhere doctor ${host}`;
}

const DISCONNECT_PROTOCOL_ERROR = 2;
const DISCONNECT_NO_MORE_AUTH_METHODS = 14;

/** An error that ssh2 reported while connecting or on a live connection. */
export function fromSsh2(thrown: unknown, phase: Phase, place: Ssh2Place): AnywhereError {
  if (thrown instanceof AnywhereError) return thrown.at(place);
  const error = asSsh2Error(thrown);
  return new AnywhereError(codeOf(error, phase), textOf(error, phase, place.machine), {
    host: place.host,
    // Before the login, the message says the same.
    ...(phase === 'ready' ? { evidence: [error.message] } : {}),
    ...(UNRESOLVED.has(error.code) ? { hint: resolveHint(place.host) } : {}),
    cause: thrown,
  });
}

/** The connection ended without an error. */
export function endedEarly(phase: Phase, place: Ssh2Place): AnywhereError {
  const text =
    phase === 'ready' ? 'the connection was closed' : `${place.machine} closed the connection during ${stage(phase)}`;
  return new AnywhereError(endCodeOf(phase), text, { host: place.host });
}

/** An sshd that has too many logins under way closes a connection before the handshake (MaxStartups). */
function endCodeOf(phase: Phase): ErrorCode {
  if (phase === 'ready') return 'LINK_LOST';
  return phase === 'handshake' ? 'HOST_BUSY' : 'HOST_UNREACHABLE';
}

/** A session, subsystem or tunnel that the machine did not open; the connection lives on. */
export function channelRefused(thrown: unknown, what: string, place: Ssh2Place): AnywhereError {
  if (thrown instanceof AnywhereError) return thrown.at(place);
  const { message } = asSsh2Error(thrown);
  return new AnywhereError('CHANNEL_REFUSED', `${place.machine} did not open ${what}`, {
    host: place.host,
    evidence: [message],
    cause: thrown,
  });
}

/** Whether the machine refused, and the connection is still usable. Only a refusal has a reason code. */
export function isRefusal(thrown: unknown): boolean {
  return typeof asSsh2Error(thrown).reason === 'number';
}

/** A failed agent or signature: ssh2 reports the error and tries the next key. */
export function isPassing(thrown: unknown): boolean {
  const { level } = asSsh2Error(thrown);
  return level === 'agent';
}

/** Whether the system's ssh is worth one attempt. Never after a failure of a host key. */
export function opensshMayDoBetter(error: AnywhereError): boolean {
  return error.code === 'SSH_NEGOTIATION' || error.code === 'AUTH_FAILED' || error.code === 'KEY_UNUSABLE';
}

function codeOf(error: Ssh2Error, phase: Phase): ErrorCode {
  if (phase === 'handshake' && (error.level === 'protocol' || error.code === 'ECONNRESET')) return endCodeOf(phase);
  return codeOfFailure(error, phase);
}

function codeOfFailure(error: Ssh2Error, phase: Phase): ErrorCode {
  if (error.level === 'client-timeout') return phase === 'ready' ? 'LINK_LOST' : 'HOST_TIMEOUT';
  if (error.level === 'client-authentication') return 'AUTH_FAILED';
  if (phase === 'ready') return 'LINK_LOST';
  if (error.level === 'handshake') return 'SSH_NEGOTIATION';
  // ssh2 does not understand the sshd, for example a banner of 36 kB: the system's ssh may.
  if ((error.level === 'protocol' && phase === 'login') || isUnreadable(error, phase)) return 'SSH_NEGOTIATION';
  if (error.code === 'ETIMEDOUT') return 'HOST_TIMEOUT';
  if (phase === 'login' && (error.code === DISCONNECT_PROTOCOL_ERROR || error.code === DISCONNECT_NO_MORE_AUTH_METHODS))
    return 'AUTH_FAILED';
  return 'HOST_UNREACHABLE';
}

/** ssh2's parsers throw errors without `level` and `code`; errors of sockets, agents and disconnects have one of them. */
function isUnreadable({ level, code }: Ssh2Error, phase: Phase): boolean {
  return phase !== 'connecting' && level === undefined && code === undefined;
}

function textOf(error: Ssh2Error, phase: Phase, machine: string): string {
  if (phase === 'ready') return `the connection to ${machine} was lost`;
  return `${stage(phase)} with ${machine} failed: ${error.message}`;
}

function stage(phase: Phase): string {
  return { connecting: 'connecting', handshake: 'the handshake', login: 'the login', ready: 'use' }[phase];
}

function asSsh2Error(thrown: unknown): Ssh2Error {
  return thrown instanceof Error ? thrown : { message: String(thrown) };
}

/** The time limit of a connection has passed. */
export function connectTimeout(machine: string, afterMs: number, host: string): AnywhereError {
  return new AnywhereError('HOST_TIMEOUT', `${machine} did not answer within ${afterMs / 1000} s`, { host });
}
