/** Hands a request of one peer to another and the reply back; only ids and progress tokens change. */
import { errorLine, RPC } from './jsonrpc.ts';
import type { Message } from './message.ts';
import type { Peer, RequestOptions } from './peer.ts';
import { type Edit, type Pieces, splice } from './splice.ts';

const TOKEN_PATH = ['_meta', 'progressToken'] as const;

/**
 * Sends `request`, with `edits` made, to `to`. Where its sender asked for progress, the token becomes
 * our id on that hop and the sender's own again (string or number, as it wrote it) on the way back.
 */
export function forwardRequest(request: Message, edits: readonly Edit[], to: Peer, from: Peer, options: RequestOptions): Promise<Message> {
  const token = request.param(...TOKEN_PATH);
  const build = (id: number): Pieces => {
    const own: Edit[] = request.id === undefined ? [] : [{ span: request.id, text: String(id) }];
    if (token !== undefined) own.push({ span: token, text: String(id) });
    return splice(request.bytes, [...own, ...edits]);
  };
  if (token === undefined) return to.forward(request.method, build, options);
  const tokenText = request.bytes.toString('utf8', token.start, token.end);
  return to.forward(request.method, build, {
    ...options,
    onProgress: (progress) => {
      from.send(withToken(progress, tokenText));
      options.onProgress?.(progress);
    },
  });
}

/** The reply with the id its asker knows it by. */
export function asReplyTo(request: Message, reply: Message, edits: readonly Edit[] = []): Pieces {
  if (reply.id !== undefined) return splice(reply.bytes, [{ span: reply.id, text: request.idText }, ...edits]);
  const { code, message, data } = reply.errorValue();
  return errorLine(request.idText, code, message, data);
}

export function isMethodNotFound(reply: Message): boolean {
  return reply.kind === 'error' && reply.errorValue().code === RPC.methodNotFound;
}

function withToken(progress: Message, tokenText: string): Pieces {
  const span = progress.param('progressToken');
  return span === undefined ? [progress.bytes] : splice(progress.bytes, [{ span, text: tokenText }]);
}
