/** The messages of SSH's connection protocol (RFC 4254) that are sent for sessions and tunnels. */
import { boolean, framed, string, uint32 } from '../ssh/wire.ts';

export const MESSAGE = {
  channelOpen: 90,
  channelOpenConfirmation: 91,
  channelOpenFailure: 92,
  channelWindowAdjust: 93,
  channelData: 94,
  channelExtendedData: 95,
  channelEof: 96,
  channelClose: 97,
  channelRequest: 98,
  channelSuccess: 99,
  channelFailure: 100,
} as const;

/** RFC 4254 §5.2. */
export const EXTENDED_DATA_STDERR = 1;

/** Our window: bytes that the machine may send before we read them. The same as OpenSSH's. */
export const LOCAL_WINDOW_BYTES = 2 * 1024 * 1024;
const LOCAL_MAX_PACKET_BYTES = 32 * 1024;

/** A packet as PROTOCOL.mux's proxy mode frames it: no padding, no encryption. */
function packet(type: number, ...parts: readonly Uint8Array[]): Buffer {
  return framed(Buffer.of(0, type), ...parts);
}

export function channelOpen(type: string, localId: number, details: Uint8Array): Buffer {
  return packet(
    MESSAGE.channelOpen,
    string(type),
    uint32(localId),
    uint32(LOCAL_WINDOW_BYTES),
    uint32(LOCAL_MAX_PACKET_BYTES),
    details,
  );
}

/** RFC 4254 §7.2. */
export function directTcpip(host: string, port: number): Buffer {
  return Buffer.concat([string(host), uint32(port), string('127.0.0.1'), uint32(0)]);
}

export function channelRequest(remoteId: number, name: 'exec' | 'subsystem', argument: string): Buffer {
  return packet(MESSAGE.channelRequest, uint32(remoteId), string(name), boolean(true), string(argument));
}

/** RFC 4254 §6.4. A machine refuses without AcceptEnv, so no answer is asked for. */
export function environmentRequest(remoteId: number, name: string, value: string): Buffer {
  return packet(MESSAGE.channelRequest, uint32(remoteId), string('env'), boolean(false), string(name), string(value));
}

/** OpenSSH's PROTOCOL, agent forwarding. */
export function agentRequest(remoteId: number): Buffer {
  return packet(MESSAGE.channelRequest, uint32(remoteId), string('auth-agent-req@openssh.com'), boolean(false));
}

/** The header alone, so that the data is not copied. */
export function channelDataHeader(remoteId: number, length: number): Buffer {
  const header = Buffer.allocUnsafe(14);
  header.writeUInt32BE(length + 10, 0);
  header.writeUInt8(0, 4);
  header.writeUInt8(MESSAGE.channelData, 5);
  header.writeUInt32BE(remoteId, 6);
  header.writeUInt32BE(length, 10);
  return header;
}

export function windowAdjust(remoteId: number, bytes: number): Buffer {
  return packet(MESSAGE.channelWindowAdjust, uint32(remoteId), uint32(bytes));
}

export function channelEof(remoteId: number): Buffer {
  return packet(MESSAGE.channelEof, uint32(remoteId));
}

export function channelClose(remoteId: number): Buffer {
  return packet(MESSAGE.channelClose, uint32(remoteId));
}

export function channelFailure(remoteId: number): Buffer {
  return packet(MESSAGE.channelFailure, uint32(remoteId));
}
