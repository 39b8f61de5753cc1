/** A peer over a real stream, with what it wrote and what it was handed. */

import type { Message } from '../../../src/protocol/message.ts';
import { Peer } from '../../../src/protocol/peer.ts';
import { MessageWriter } from '../../../src/protocol/writer.ts';
import { ManualClock } from '../../harness/manual-clock.ts';
import { parsed, settled, watched } from './kit.ts';

export interface PeerKit {
  readonly peer: Peer;
  readonly clock: ManualClock;
  /** What the other side got so far. */
  readonly sent: () => Promise<unknown[]>;
  readonly lines: () => Promise<string[]>;
  /** The other side says this. */
  readonly say: (message: object | string) => void;
  readonly requests: Message[];
  readonly notifications: Message[];
  readonly strays: Message[];
}

export function peerKit(clock = new ManualClock()): PeerKit {
  const { stream, lines } = watched();
  const [requests, notifications, strays]: Message[][] = [[], [], []];
  const peer = new Peer(
    new MessageWriter(stream),
    {
      request: (message) => requests?.push(message),
      notification: (message) => notifications?.push(message),
      stray: (message) => strays?.push(message),
    },
    clock,
  );
  const later = async (): Promise<string[]> => {
    await settled();
    return lines();
  };
  return {
    peer,
    clock,
    lines: later,
    sent: async () => (await later()).map((line) => JSON.parse(line) as unknown),
    say: (message) => {
      peer.receive(parsed(typeof message === 'string' ? message : JSON.stringify({ jsonrpc: '2.0', ...message })));
    },
    requests: requests ?? [],
    notifications: notifications ?? [],
    strays: strays ?? [],
  };
}

/** What became of a promise, without waiting for it. */
export async function stateOf(promise: Promise<unknown>): Promise<unknown> {
  const pending = Symbol('pending');
  const state = await Promise.race([promise.catch((error: unknown) => error), settled().then(() => pending)]);
  return state === pending ? 'pending' : state;
}
