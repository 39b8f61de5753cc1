/** The host that a call of a pool's tool asks for: in its argument, or in its `_meta` as our own commands write it. */
import { type Pin, pinOf } from '../catalog/pin-argument.ts';
import type { PooledTool } from '../catalog/route.ts';
import type { ToolCall } from '../policy/interceptor.ts';
import { Message } from '../protocol/message.ts';
import { joinPieces, splice } from '../protocol/splice.ts';

/** In `_meta` of tools/call: works for every pool, whatever the hosts file says of `pin`. */
export const PIN_META = 'mcp-anywhere/host';

export interface PinnedCall {
  /** As its server is to see it: without the argument that is ours. */
  readonly call: ToolCall;
  /** Undefined: any member will do. */
  readonly host: string | undefined;
}

export function pinned(call: ToolCall, { isPinnable }: PooledTool): PinnedCall {
  const fromMeta = call.request.paramText('_meta', PIN_META);
  const pin = isPinnable ? argumentPin(call.request) : undefined;
  const host = fromMeta ?? pin?.host;
  return { call: pin === undefined ? call : { ...call, request: without(call.request, pin) }, host };
}

function argumentPin(request: Message): Pin | undefined {
  const args = request.param('arguments');
  return args === undefined ? undefined : pinOf(request.bytes, args);
}

function without(request: Message, { edit }: Pin): Message {
  const shorter = Message.parse(joinPieces(splice(request.bytes, [edit])));
  if (shorter === undefined) throw new Error('a message without one of its members is a message');
  return shorter;
}
