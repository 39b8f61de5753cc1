/** The client's `initialize` and our answer. */
import { isRecord } from '../base/record.ts';
import { profileOf, type ServerCapabilities } from '../catalog/listing.ts';
import { rawAt } from '../protocol/json-scan.ts';
import { RPC } from '../protocol/jsonrpc.ts';
import type { Message } from '../protocol/message.ts';
import { CLIENT_REQUESTS, negotiateVersion } from '../protocol/methods.ts';
import type { Peer } from '../protocol/peer.ts';

export const BAD_INITIALIZE = 'initialize needs protocolVersion, capabilities and clientInfo';

export interface ClientHello {
  readonly name: string;
  readonly version: string;
  /** JSON texts, verbatim, for the servers' `initialize`. */
  readonly clientInfo: string;
  readonly capabilities: string;
  readonly capabilityNames: readonly string[];
  /** The capability names as the catalog's key (`profileOf`). */
  readonly profile: string;
  /** The negotiated version. */
  readonly protocolVersion: string;
}

/** Undefined where the params are invalid. */
export function readClientHello(request: Message): ClientHello | undefined {
  const infoSpan = request.param('clientInfo');
  const capabilitiesSpan = request.param('capabilities');
  const params = request.paramsValue();
  if (infoSpan === undefined || capabilitiesSpan === undefined || !isRecord(params)) return undefined;
  const { clientInfo, capabilities, protocolVersion } = params;
  if (!isRecord(clientInfo) || !isRecord(capabilities)) return undefined;
  return {
    name: textOr(clientInfo['name'], 'unnamed'),
    version: textOr(clientInfo['version'], ''),
    clientInfo: rawAt(request.bytes, infoSpan),
    capabilities: rawAt(request.bytes, capabilitiesSpan),
    capabilityNames: Object.keys(capabilities),
    profile: profileOf(capabilities),
    protocolVersion: negotiateVersion(protocolVersion),
  };
}

/** Answers a request before `initialize`; false for `initialize` itself. Clients detect the era of MCP by these answers. */
export function answeredEarly(peer: Peer, request: Message): boolean {
  if (request.method === 'initialize') return false;
  if (request.method === 'ping') peer.reply(request, '{}');
  else if (CLIENT_REQUESTS.get(request.method)?.kind === 'refused')
    peer.replyError(request, RPC.methodNotFound, `method not found: ${request.method}`);
  else peer.replyError(request, RPC.invalidRequest, 'the first request must be initialize');
  return true;
}

/** What the servers offer, as far as known. */
export interface Offer {
  readonly instructions: string | undefined;
  readonly capabilities: ServerCapabilities;
}

export function helloResult(hello: ClientHello, version: string, { instructions, capabilities }: Offer): string {
  return JSON.stringify({
    protocolVersion: hello.protocolVersion,
    capabilities,
    serverInfo: { name: 'mcp-anywhere', title: 'MCP-Anywhere', version },
    ...(instructions === undefined ? {} : { instructions }),
  });
}

function textOr(value: unknown, fallback: string): string {
  return typeof value === 'string' ? value : fallback;
}
