/** Hands a request of one peer to another and the reply back; only ids and progress tokens change. */

import { rawAt, type Span } from './json-scan.ts';
import { errorLine, RPC } from './jsonrpc.ts';
import type { Message } from './message.ts';
import type { Peer, RequestOptions, Waiter } from './peer.ts';
import { type Edit, type Line, Splice } from './splice.ts';

/**
 * Sends `request`, with `edits` made, to `to`. Where its sender asked for progress, the token becomes
 * our id on that hop and the sender's own again (string or number, as it wrote it) on the way back.
 */
export function forwardRequest(
  request: Message,
  edits: readonly Edit[],
  to: Peer,
  from: Peer,
  options: RequestOptions,
): Promise<Message> {
  return new Promise((resolve, reject) => {
    startForward({ request, edits, to, from }, options, { resolve, reject });
  });
}

export interface Forwarding {
  readonly request: Message;
  readonly edits: readonly Edit[];
  readonly to: Peer;
  readonly from: Peer;
}

/** `forwardRequest` without a promise. */
export function startForward({ request, edits, to, from }: Forwarding, options: RequestOptions, waiter: Waiter): void {
  const token = request.param('_meta', 'progressToken');
  const build = (id: number): Line => {
    const own: Edit[] = request.id === undefined ? [] : [{ span: request.id, text: String(id) }];
    if (token !== undefined) own.push({ span: token, text: String(id) });
    return new Splice(request.bytes, [...own, ...edits]);
  };
  to.start(request.method, build, token === undefined ? options : withProgress(request, token, from, options), waiter);
}

function withProgress(request: Message, token: Span, from: Peer, options: RequestOptions): RequestOptions {
  const tokenText = rawAt(request.bytes, token);
  return {
    ...options,
    progressOutlivesReply: request.param('task') !== undefined,
    onProgress: (progress) => {
      from.send(withToken(progress, tokenText));
      options.onProgress?.(progress);
    },
  };
}

/** The reply with the id its asker knows it by. */
export function asReplyTo(request: Message, reply: Message, edits: readonly Edit[] = []): Line {
  if (reply.id !== undefined) return new Splice(reply.bytes, [{ span: reply.id, text: request.idText }, ...edits]);
  const { code, message, data } = reply.errorValue();
  return errorLine(request.idText, code, message, data);
}

export function isMethodNotFound(reply: Message): boolean {
  return reply.kind === 'error' && reply.errorValue().code === RPC.methodNotFound;
}

function withToken(progress: Message, tokenText: string): Line {
  const span = progress.param('progressToken');
  return span === undefined ? [progress.bytes] : new Splice(progress.bytes, [{ span, text: tokenText }]);
}
