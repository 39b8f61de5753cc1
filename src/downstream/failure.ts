/** How a failure reaches the AI client: as text that a model can act on, or as a JSON-RPC error. */
import type { AnywhereError } from '../base/errors.ts';
import { RPC } from '../protocol/jsonrpc.ts';

/** Time for the last answers after the client closed its output. */
export const LAST_ANSWERS_MS = 30_000;

/** What happened, where, the evidence, and what to do next. */
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

/** For requests whose results cannot hold an error. A missing resource has its own code (MCP, resources, error handling). */
export function failureCode(error: AnywhereError, method: string): number {
  if (error.code !== 'TOOL_UNKNOWN') return RPC.internalError;
  return method.startsWith('resources/') ? RPC.resourceNotFound : RPC.invalidParams;
}
