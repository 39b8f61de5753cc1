/** Our answer to `initialize`, and what the client said in it. */
import { rawAt } from '../protocol/json-scan.ts';
import type { Message } from '../protocol/message.ts';
import { negotiateVersion } from '../protocol/versions.ts';

export interface ClientHello {
  readonly name: string;
  readonly version: string;
  /** JSON texts, verbatim: servers get them as the client wrote them. */
  readonly clientInfo: string;
  readonly capabilities: string;
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
    protocolVersion: negotiateVersion(protocolVersion),
  };
}

/**
 * Everything is advertised always: hosts come later than this answer, and a client asks only for what
 * was advertised. An empty list is legal.
 */
export function helloResult(hello: ClientHello, version: string, instructions: string | undefined): string {
  return JSON.stringify({
    protocolVersion: hello.protocolVersion,
    capabilities: {
      tools: { listChanged: true },
      resources: { subscribe: true, listChanged: true },
      prompts: { listChanged: true },
      logging: {},
      completions: {},
    },
    serverInfo: { name: 'mcp-anywhere', title: 'MCP-Anywhere', version },
    ...(instructions === undefined ? {} : { instructions }),
  });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOr(value: unknown, fallback: string): string {
  return typeof value === 'string' ? value : fallback;
}
