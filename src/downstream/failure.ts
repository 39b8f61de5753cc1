/** How a failure reaches the AI client: as words a model can act on, or as JSON-RPC's error. */
import type { AnywhereError } from '../base/errors.ts';
import { RPC } from '../protocol/jsonrpc.ts';

/** The last answers may take so long, in all, once the client has closed its end. */
export const LAST_ANSWERS_MS = 30_000;

/** What, where, on what evidence, and what to do next. */
export function failureText(error: AnywhereError): string {
  const place = [error.host, error.server].filter((part) => part !== undefined).join('/');
  const lines = [
    `${error.message}${error.message.endsWith('.') ? '' : '.'}`,
    ...(place === ''
      ? []
      : [`Where: ${place}${error.tool === undefined ? '' : `, tool ${error.tool}`} (${error.code})`]),
    ...(error.evidence.length === 0 ? [] : ['Evidence:', ...error.evidence.map((line) => `  ${line}`)]),
    `Next: ${error.hint}`,
  ];
  return lines.join('\n');
}

/** A CallToolResult with `isError`: the model sees it and can choose another way (MCP, tools, error handling). */
export function failedCallResult(error: AnywhereError): string {
  return JSON.stringify({ content: [{ type: 'text', text: failureText(error) }], isError: true });
}

/** For requests whose results have no room for an error. A resource that is not there has its own code (MCP, resources, error handling). */
export function failureCode(error: AnywhereError, method: string): number {
  if (error.code !== 'TOOL_UNKNOWN') return RPC.internalError;
  return method.startsWith('resources/') ? RPC.resourceNotFound : RPC.invalidParams;
}
