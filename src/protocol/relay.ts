/** Passes a request of one peer to another, and the reply back; only ids and progress tokens change. */

import type { Span } from './json-scan.ts';
import { errorReplyLine, RPC } from './jsonrpc.ts';
import type { Message } from './message.ts';
import type { Peer } from './peer.ts';
import type { RequestOptions } from './pending-request.ts';
import type { Edit, Line } from './splice.ts';

export interface ForwardOptions extends RequestOptions {
  /** Edits of a progress notification, beside its token. */
  readonly progressEdits?: ((progress: Message) => readonly Edit[]) | undefined;
}

/**
 * Sends a request of one peer to another, with `edits`, and waits for the reply. A progress token is replaced by our
 * request id, and restored in progress notifications on the way back.
 */
export function forwardRequest(
  request: Message,
  edits: readonly Edit[],
  to: Peer,
  from: Peer,
  options: ForwardOptions,
): Promise<Message> {
  const token = request.param('_meta', 'progressToken');
  const { id: span } = request;
  const withId = (id: number): Line => {
    const known = token === undefined ? edits : before({ span: token, text: id }, edits);
    return request.withEdits(span === undefined ? known : before({ span, text: id }, known));
  };
  const line = { method: request.method, withId };
  return to.forward(line, token === undefined ? options : withProgress(request, token, from, options));
}

function withProgress(request: Message, token: Span, from: Peer, options: ForwardOptions): RequestOptions {
  const tokenText = request.raw(token);
  return {
    ...options,
    progressOutlivesReply: request.param('task') !== undefined,
    onProgress: (progress) => {
      from.send(withToken(progress, tokenText, options.progressEdits?.(progress)));
      options.onProgress?.(progress);
    },
  };
}

const NO_ERROR = '{"code":-32603,"message":"error without code or message"}';

/** The reply with the id of the original request. */
export function asReplyTo(request: Message, reply: Message, edits: readonly Edit[] = []): Line {
  if (reply.id !== undefined) return reply.withEdits(before({ span: reply.id, text: request.idKey }, edits));
  return errorReplyLine(request.idText, reply.error === undefined ? NO_ERROR : reply.raw(reply.error));
}

/** A short list is built at once, because this runs for every message. */
function before(first: Edit, edits: readonly Edit[]): readonly Edit[] {
  const [second] = edits;
  if (second === undefined) return [first];
  return edits.length === 1 ? [first, second] : [first, ...edits];
}

export function isMethodNotFound(reply: Message): boolean {
  return reply.kind === 'error' && reply.errorValue().code === RPC.methodNotFound;
}

function withToken(progress: Message, tokenText: string, edits: readonly Edit[] = []): Line {
  const span = progress.param('progressToken');
  return progress.withEdits(span === undefined ? edits : before({ span, text: tokenText }, edits));
}
