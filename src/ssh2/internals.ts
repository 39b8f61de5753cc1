/**
 * The three things that ssh2 keeps to itself and that nothing public replaces. Used nowhere else.
 *
 * Each looks first whether ssh2 is built as expected (package.json pins the version), and leaves ssh2 as it is otherwise.
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
 * Told of every refused attempt before ssh2 acts on it, since ssh2 drops the partial success of an agent's key. False:
 * the arguments of the authHandler must do.
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
 * Leaves alone what a machine tells of its other host keys (OpenSSH's PROTOCOL, section 2.5). ssh2 has the machine prove
 * each of them, and nobody here uses the proofs: a signature with every key for every connection, and as many checks.
 */
export function ignoreHostKeys(client: Client): void {
  const handlers = protocolOf(client)?._handlers;
  if (handlers === undefined) return;
  const original = handlers.GLOBAL_REQUEST;
  handlers.GLOBAL_REQUEST = (protocol, name, wantReply, data) => {
    if (name !== HOST_KEYS || wantReply) original(protocol, name, wantReply, data);
  };
}

/** As ssh2's own Channel.js has it. */
export const WINDOW = 2 * 1024 * 1024;

export interface WindowHooks {
  /** Bytes go out on a channel. */
  readonly said: (channel: number, bytes: number) => void;
  /** ssh2 would allow so much more, and has added it to its own count already. */
  readonly read: (channel: number, bytes: number) => void;
}

/**
 * Takes the windows of all channels over: ssh2 allows 2 MB whatever the line, and a loud program's bytes then stand before
 * everybody else's answers. Returns what allows a machine more; undefined: ssh2 goes on by itself.
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
  /** What the machine may still send. */
  readonly incoming: { window: number };
  /** By the machine's number for the channel. */
  readonly outgoing: { readonly id: number; readonly state: string };
}

export function windowOf(channel: ClientChannel): ChannelWindow | undefined {
  const { incoming, outgoing } = channel as unknown as Partial<ChannelWindow>;
  return typeof incoming?.window === 'number' && typeof outgoing?.id === 'number' ? { incoming, outgoing } : undefined;
}
