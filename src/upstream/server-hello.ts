/** `initialize` with a server, and the server's answer. */
import { isRecord } from '../base/record.ts';
import type { Message } from '../protocol/message.ts';
import { isKnownVersion } from '../protocol/methods.ts';
import type { Peer } from '../protocol/peer.ts';

export interface ServerHello {
  /** The whole result, verbatim. */
  readonly raw: Buffer;
  readonly protocolVersion: string;
  readonly capabilities: Readonly<Record<string, unknown>>;
  readonly serverInfo: unknown;
  readonly instructions: string | undefined;
}

/** The client data of `initialize`, as JSON texts. */
interface ClientData {
  readonly protocolVersion: string;
  readonly capabilities: string;
  readonly clientInfo: string;
}

/** Sends `initialize`. A returned text says what is wrong with the answer. */
export async function initialize(peer: Peer, client: ClientData): Promise<ServerHello | string> {
  const { protocolVersion, capabilities, clientInfo } = client;
  const params = `{"protocolVersion":"${protocolVersion}","capabilities":${capabilities},"clientInfo":${clientInfo}}`;
  const options = { timeoutMs: Number.POSITIVE_INFINITY, cancellable: false };
  return readServerHello(await peer.request('initialize', params, options));
}

function readServerHello(reply: Message): ServerHello | string {
  if (reply.kind === 'error') return `answered initialize with an error: ${reply.errorValue().message}`;
  const result = reply.resultValue();
  if (typeof result !== 'object' || result === null) return 'answered initialize with no object';
  const { protocolVersion, capabilities, serverInfo, instructions } = result as Record<string, unknown>;
  if (!isKnownVersion(protocolVersion)) return unknownVersion(protocolVersion);
  return {
    raw:
      reply.result === undefined
        ? Buffer.alloc(0)
        : Buffer.from(reply.bytes.subarray(reply.result.start, reply.result.end)),
    protocolVersion,
    capabilities: isRecord(capabilities) ? capabilities : {},
    serverInfo,
    instructions: typeof instructions === 'string' && instructions !== '' ? instructions : undefined,
  };
}

/** A longer version is shown in part. */
const LONGEST_VERSION = 100;

function unknownVersion(version: unknown): string {
  if (typeof version !== 'string') return 'answered initialize without a protocolVersion that is a string';
  return `speaks protocol version ${JSON.stringify(version.slice(0, LONGEST_VERSION))}, which MCP-Anywhere does not know`;
}
