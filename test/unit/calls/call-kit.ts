/** A tools/call on its way, without a server behind. */
import { Call, type ToolCall } from '../../../src/calls/call.ts';
import type { Peer } from '../../../src/protocol/peer.ts';
import type { InstanceOwner } from '../../../src/upstream/instance.ts';
import { serverPlan } from '../catalog/kit.ts';
import { parsed } from '../protocol/kit.ts';
import { peerKit } from '../protocol/peer-kit.ts';

/** Call 7 of client c1: the tool x of box/files. */
export function callOfX({ meta = '{}', peer }: { readonly meta?: string; readonly peer?: Peer } = {}): ToolCall {
  const request = parsed(
    `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"box__files__x","_meta":${meta}}}`,
  );
  const owner = {} as InstanceOwner;
  const asItIs = { paramEdits: () => [] };
  const tasks = { toServer: asItIs, toClient: asItIs };
  const caller = { id: 'c1', owner, peer: peer ?? peerKit().peer, profile: () => undefined, tasks };
  const call: Call = new Call(7, caller, request, 0);
  call.aim({
    publicKey: 'box__files__x',
    server: serverPlan('box', 'files'),
    original: 'x',
    originalJson: '"x"',
    definition: Buffer.from('{}'),
  });
  return call;
}
