/** Users' own code around tool calls: checks, rewriting, accounting. The library's public shape. */
import type { CallHandler } from '../calls/call.ts';

export type Middleware = (next: CallHandler) => CallHandler;

/** The first one is the outermost. */
export function chain(middleware: readonly Middleware[], innermost: CallHandler): CallHandler {
  return middleware.reduceRight((next, each) => each(next), innermost);
}
