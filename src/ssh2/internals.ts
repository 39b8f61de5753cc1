/**
 * The private parts of ssh2 that are used because nothing public replaces them. Used in this file only.
 *
 * Each function first checks that ssh2 is built as expected (package.json pins the version), and leaves ssh2 alone otherwise.
 */
import type { Client, ClientChannel } from 'ssh2';

interface Protocol {
  channelData(channel: number, bytes: Buffer): void;
  channelWindowAdjust(channel: number, bytes: number): void;
  readonly _handlers: {
    USERAUTH_FAILURE: (protocol: unknown, methods: string[], partial: boolean) => void;
    GLOBAL_REQUEST: (protocol: unknown, name: string, wantReply: boolean, data: unknown) => void;
  };
}

/** Of a client that is connecting or connected. */
function protocolOf(client: Client): Protocol | undefined {
  const protocol = (client as unknown as { _protocol?: Partial<Protocol> })._protocol;
  const fits =
    typeof protocol?.channelData === 'function' &&
    typeof protocol.channelWindowAdjust === 'function' &&
    typeof protocol._handlers?.USERAUTH_FAILURE === 'function' &&
    typeof protocol._handlers.GLOBAL_REQUEST === 'function';
  return fits ? (protocol as Protocol) : undefined;
}

/**
 * Tells of every refused attempt before ssh2 acts on it, because ssh2 drops the partial success of an agent's key.
 * @returns false where the arguments of the authHandler must do
 */
export function onLoginFailure(
  client: Client,
  listener: (methods: readonly string[], partial: boolean) => void,
): boolean {
  const handlers = protocolOf(client)?._handlers;
  if (handlers === undefined) return false;
  const original = handlers.USERAUTH_FAILURE;
  handlers.USERAUTH_FAILURE = (protocol, methods, partial) => {
    listener(methods, partial);
    original(protocol, methods, partial);
  };
  return true;
}

const HOST_KEYS = 'hostkeys-00@openssh.com';

/**
 * Ignores a machine's list of its other host keys (OpenSSH's PROTOCOL, section 2.5). ssh2 would ask for a proof of each key,
 * which costs a signature and a check for each key and connection, and nothing here uses the proofs.
 */
export function ignoreHostKeys(client: Client): void {
  const handlers = protocolOf(client)?._handlers;
  if (handlers === undefined) return;
  const original = handlers.GLOBAL_REQUEST;
  handlers.GLOBAL_REQUEST = (protocol, name, wantReply, data) => {
    if (name !== HOST_KEYS || wantReply) original(protocol, name, wantReply, data);
  };
}

/** The window of ssh2's Channel.js. */
export const WINDOW = 2 * 1024 * 1024;

export interface WindowHooks {
  /** Bytes are sent on a channel. */
  readonly said: (channel: number, bytes: number) => void;
  /** ssh2 would widen the window by this much, and has already added it to its own count. */
  readonly read: (channel: number, bytes: number) => void;
}

/**
 * Takes over the windows of all channels. ssh2 allows 2 MB on every line, and the bytes of a loud program then delay the
 * answers of all others.
 * @returns widens a window; undefined where ssh2 keeps its windows
 */
export function takeWindows(
  client: Client,
  hooks: WindowHooks,
): ((channel: number, bytes: number) => void) | undefined {
  const protocol = protocolOf(client);
  if (protocol === undefined) return undefined;
  const send = protocol.channelData.bind(protocol);
  const allow = protocol.channelWindowAdjust.bind(protocol);
  protocol.channelData = (channel, bytes) => {
    hooks.said(channel, bytes.length);
    send(channel, bytes);
  };
  protocol.channelWindowAdjust = hooks.read;
  return allow;
}

export interface ChannelWindow {
  /** Bytes that the machine may still send. */
  readonly incoming: { window: number };
  /** By the machine's number for the channel. */
  readonly outgoing: { readonly id: number; readonly state: string };
}

export function windowOf(channel: ClientChannel): ChannelWindow | undefined {
  const { incoming, outgoing } = channel as unknown as Partial<ChannelWindow>;
  return typeof incoming?.window === 'number' && typeof outgoing?.id === 'number' ? { incoming, outgoing } : undefined;
}

/** The name and version in the identification of the other side (RFC 4253, section 4.2), as `OpenSSH_9.6p1`. */
export function softwareOf(client: Client): string | undefined {
  const { _remoteVer: software } = client as unknown as { readonly _remoteVer?: unknown };
  return typeof software === 'string' ? software : undefined;
}
