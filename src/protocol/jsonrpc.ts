/** Building JSON-RPC messages of our own (JSON-RPC 2.0, and MCP's codes). */
import type { Pieces } from './splice.ts';

/** https://www.jsonrpc.org/specification#error_object and the MCP schema. */
export const RPC = {
  parseError: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internalError: -32603,
  resourceNotFound: -32002,
} as const;

/** `params` is JSON text or left out. */
export function requestLine(id: number, method: string, params: string | undefined): Pieces {
  const tail = params === undefined ? '}' : `,"params":${params}}`;
  return [Buffer.from(`{"jsonrpc":"2.0","id":${id},"method":${JSON.stringify(method)}${tail}`)];
}

export function notificationLine(method: string, params?: string): Pieces {
  const tail = params === undefined ? '}' : `,"params":${params}}`;
  return [Buffer.from(`{"jsonrpc":"2.0","method":${JSON.stringify(method)}${tail}`)];
}

/** @param idText the request's id as its JSON text */
export function resultLine(idText: string, result: string | Buffer): Pieces {
  const head = `{"jsonrpc":"2.0","id":${idText},"result":`;
  if (typeof result === 'string') return [Buffer.from(`${head}${result}}`)];
  return [Buffer.from(head), result, Buffer.from('}')];
}

/** @param error JSON text of the error object */
export function errorReplyLine(idText: string, error: string): Pieces {
  return [Buffer.from(`{"jsonrpc":"2.0","id":${idText},"error":${error}}`)];
}

export function errorLine(idText: string, code: number, message: string, data?: unknown): Pieces {
  const error = data === undefined ? { code, message } : { code, message, data };
  return errorReplyLine(idText, JSON.stringify(error));
}
