/** Our answer to `initialize`, and what the client said in it. */
import { isRecord } from '../base/record.ts';
import { profileOf, type ServerCapabilities } from '../catalog/listing.ts';
import { rawAt } from '../protocol/json-scan.ts';
import { RPC } from '../protocol/jsonrpc.ts';
import type { Message } from '../protocol/message.ts';
import { CLIENT_REQUESTS } from '../protocol/methods.ts';
import type { Peer } from '../protocol/peer.ts';
import { negotiateVersion } from '../protocol/versions.ts';

export interface ClientHello {
  readonly name: string;
  readonly version: string;
  /** JSON texts, verbatim: servers get them as the client wrote them. */
  readonly clientInfo: string;
  readonly capabilities: string;
  /** Which capabilities those are. */
  readonly capabilityNames: readonly string[];
  /** The same as the catalog's key (`profileOf`). */
  readonly profile: string;
  /** What both speak now. */
  readonly protocolVersion: string;
}

/** Undefined where the params are not those of `initialize`. */
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

/** Before `initialize` nothing is asked of servers: true where this request has had its answer, which clients also use to find out which era of MCP this is. */
export function answeredEarly(peer: Peer, request: Message): boolean {
  if (request.method === 'initialize') return false;
  if (request.method === 'ping') peer.reply(request, '{}');
  else if (CLIENT_REQUESTS.get(request.method)?.kind === 'refused')
    peer.replyError(request, RPC.methodNotFound, `method not found: ${request.method}`);
  else peer.replyError(request, RPC.invalidRequest, 'initialize comes first');
  return true;
}

/** What stands behind us, as far as it is known. */
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
