/** The host that a call of a pool's tool asks for: in its argument, or in its `_meta` as our own commands write it. */
import { type Pin, pinOf } from '../catalog/pin-argument.ts';
import type { PooledTool } from '../catalog/route.ts';
import { Message } from '../protocol/message.ts';
import { joinPieces, splice } from '../protocol/splice.ts';
import type { ToolCall } from './call.ts';

/** In `_meta` of tools/call: works for every pool, whatever the hosts file says of `pin`. */
export const PIN_META = 'mcp-anywhere/host';

/** The host, where one is asked for. The server is not to see the argument that is ours. */
export function pinnedHost(call: ToolCall, { isPinnable }: PooledTool): string | undefined {
  const fromMeta = call.request.paramText('_meta', PIN_META);
  const pin = isPinnable ? argumentPin(call.request) : undefined;
  if (pin !== undefined) call.sent = without(call.request, pin);
  return fromMeta ?? pin?.host;
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
