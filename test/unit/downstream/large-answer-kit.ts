/** Servers that answer in pieces and a client that is sent what there is: their streams, and all between them, by hand. */
import { PassThrough } from 'node:stream';
import { AnywhereError } from '../../../src/base/errors.ts';
import { Scope } from '../../../src/base/scope.ts';
import type { Catalog } from '../../../src/catalog/catalog.ts';
import type { Route } from '../../../src/catalog/route.ts';
import type { Sharing } from '../../../src/config/plan.ts';
import { ClientSide, type ClientSideClient } from '../../../src/downstream/client-side.ts';
import { ServerSender } from '../../../src/gateway/call.ts';
import type { Message } from '../../../src/protocol/message.ts';
import { oversizedId } from '../../../src/protocol/oversized.ts';
import { Peer, type PeerHandler } from '../../../src/protocol/peer.ts';
import { MessageWriter } from '../../../src/protocol/writer.ts';
import type { Router } from '../../../src/routing/router.ts';
import type { Instance } from '../../../src/upstream/instance.ts';
import { serverReader } from '../../../src/upstream/server-reader.ts';
import { ManualClock } from '../../harness/manual-clock.ts';
import { serverPlan } from '../catalog/kit.ts';
import { parsed, settled, watched } from '../protocol/kit.ts';

/** Up to inside of the text of a result. */
export const opening = (id?: number): string =>
  `{"jsonrpc":"2.0",${id === undefined ? '' : `"id":${id},`}"result":{"content":[{"type":"text","text":"`;
export const END = '"}]}}\n';
export const endWith = (id: number): string => `"}]},"id":${id}}\n`;

/** Of a text, in chunks as a channel brings them. From 600 000 bytes on an answer that comes at once is a fast one. */
export const LARGE = 2_000_000;
const CHUNK = 'x'.repeat(100_000);

const IGNORED: PeerHandler = { request: () => undefined, notification: () => undefined, stray: () => undefined };

export interface ServerKit {
  readonly instance: Instance;
  readonly say: (text: string) => Promise<void>;
  /** More of a text. */
  readonly sayLarge: (bytes?: number) => Promise<void>;
  /** Of the calls it was asked. */
  readonly ids: () => readonly number[];
  readonly strays: readonly Message[];
  /** Requests of its own that reached who answers them. */
  readonly requests: readonly Message[];
  /** Its link is gone. Nothing says that its stream is at its end. */
  readonly lose: () => Promise<void>;
}

export interface LargeKit {
  readonly clock: ManualClock;
  readonly clientPeer: Peer;
  /** Another of the same server: the one that calls go to from now on. */
  readonly startServer: (maxBytes?: number) => ServerKit;
  readonly call: (id: number) => Promise<void>;
  readonly ping: (id: number) => Promise<void>;
  readonly cancel: (id: number) => Promise<void>;
  /** Whatever the client was sent, cut at its newlines. What has none yet is the last of them. */
  readonly lines: () => string[];
  /** The client reads, where it did not. */
  readonly read: () => Promise<void>;
  readonly pass: (ms: number) => Promise<void>;
}

export interface LargeOptions {
  readonly sharing?: Sharing;
  readonly reads?: boolean;
}

export function largeKit({ sharing = 'session', reads = true }: LargeOptions = {}): LargeKit {
  const clock = new ManualClock();
  const scope = new Scope((error) => {
    throw error;
  });
  const plan = serverPlan('box', 'files', { sharing });
  const definition = Buffer.from('{"annotations":{"readOnlyHint":true}}');
  const route: Route = { publicKey: 'read', server: plan, original: 'read', originalJson: '"read"', definition };
  let current: Instance | undefined;
  const router = routerOf(route, () => current);
  const sender = new ServerSender({ router, clock, scope, onRepeat: () => undefined });
  const sent: Buffer[] = [];
  const output = new PassThrough({ highWaterMark: reads ? 1 << 30 : 1024 });
  const listen = (): void => {
    output.on('data', (chunk: Buffer) => sent.push(chunk));
  };
  const ask = (text: string): Promise<void> => {
    clientPeer.receive(parsed(`{"jsonrpc":"2.0",${text}}`));
    return settled();
  };
  const handler: PeerHandler = {
    ...IGNORED,
    request: (message) => {
      side.answer(message);
    },
  };
  const clientPeer = new Peer(new MessageWriter(output, undefined, { chunkBytes: 16 * 1024 }), handler, clock);
  const client = {
    id: 'client',
    owner: {},
    peer: clientPeer,
    tasks: { learnFrom: () => undefined },
    profile: () => undefined,
    answerHere: (request: Message) => {
      clientPeer.reply(request, '{}');
    },
  } as unknown as ClientSideClient;
  const side = new ClientSide(client, {
    clock,
    scope,
    catalog: { aliases: { isActive: false } } as unknown as Catalog,
    router,
    callTool: unused,
    callPool: unused,
    forward: unused,
    readyFor: () => current,
    startCall: (instance, call, waiter) => {
      sender.start(instance, call, waiter);
    },
    nextCallId: () => 1,
    maxRequests: () => 1000,
    callEnded: () => undefined,
    awaitTool: unused,
  });
  if (reads) listen();
  return {
    clock,
    clientPeer,
    startServer: (maxBytes = 1 << 30) => {
      const server = serverKit(clock, plan, maxBytes);
      current = server.instance;
      return server;
    },
    call: (id) => ask(`"id":${id},"method":"tools/call","params":{"name":"read","arguments":{}}`),
    ping: (id) => ask(`"id":${id},"method":"ping"`),
    cancel: (id) => {
      side.cancel(id, new AnywhereError('CANCELLED', 'the client cancelled it'));
      return settled();
    },
    lines: () => Buffer.concat(sent).toString().split('\n'),
    read: () => {
      listen();
      return settled();
    },
    pass: (ms) => {
      clock.advance(ms);
      return settled();
    },
  };
}

function routerOf(route: Route, current: () => Instance | undefined): Router {
  const link = { state: { kind: 'ready' }, onChange: () => () => undefined };
  return {
    named: () => route,
    unit: () => ({ current, link }),
    instance: current,
    soleServer: undefined,
  } as unknown as Router;
}

function serverKit(clock: ManualClock, plan: Route['server'], maxBytes: number): ServerKit {
  const { stream, lines } = watched();
  const [strays, requests]: [Message[], Message[]] = [[], []];
  const handler = { ...IGNORED, request: (message: Message) => requests.push(message) };
  const peer = new Peer(
    new MessageWriter(stream, undefined, { holds: true }),
    { ...handler, stray: (message) => strays.push(message) },
    clock,
  );
  const instance = { isLive: true, server: plan, owner: {}, peer, touch: () => undefined, suspect: () => undefined };
  const oversized = (_size: number, head: Buffer, tail: Buffer): void => {
    const id = oversizedId(head, tail)?.idText;
    if (id !== undefined) peer.fail(Number(id), new AnywhereError('MESSAGE_TOO_LARGE', 'over the limit'));
  };
  const watcher = { noise: () => undefined, overflow: () => undefined, oversized };
  const reader = serverReader(peer, watcher, maxBytes);
  const say = (text: string): Promise<void> => {
    reader.push(Buffer.from(text));
    return settled();
  };
  return {
    instance: instance as unknown as Instance,
    say,
    sayLarge: (bytes = LARGE) => {
      for (let rest = bytes; rest > 0; rest -= CHUNK.length) reader.push(Buffer.from(CHUNK.slice(0, rest)));
      return settled();
    },
    ids: () => lines().flatMap((line) => (line.includes('tools/call') ? [parsed(line).idNumber] : [])),
    strays,
    requests,
    lose: () => {
      instance.isLive = false;
      peer.close(new AnywhereError('LINK_LOST', 'the connection is gone'));
      return settled();
    },
  };
}

function unused(): Promise<never> {
  return Promise.reject(new AnywhereError('INTERNAL', 'not on the way of these calls'));
}
