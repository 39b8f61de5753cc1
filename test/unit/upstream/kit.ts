/** An instance over channels that a test holds in its hands: for faults that no real server makes on demand. */
import { PassThrough } from 'node:stream';
import { AnywhereError } from '../../../src/base/errors.ts';
import { Scope } from '../../../src/base/scope.ts';
import type { ServerPlan } from '../../../src/config/plan.ts';
import type { ChannelEnd } from '../../../src/launch/contract.ts';
import type { LaunchedChannel, Link, LinkState } from '../../../src/link/contract.ts';
import type { Message } from '../../../src/protocol/message.ts';
import { Instance, type InstanceOwner } from '../../../src/upstream/instance.ts';
import type { InstanceDeps } from '../../../src/upstream/instance-deps.ts';
import { Subscriptions } from '../../../src/upstream/subscriptions.ts';
import { ManualClock } from '../../harness/manual-clock.ts';
import { serverPlan } from '../catalog/kit.ts';
import { settled } from '../protocol/kit.ts';

export class HeldChannel implements LaunchedChannel {
  readonly input = new PassThrough();
  readonly output = new PassThrough();
  readonly errors = new PassThrough();
  readonly started = Promise.resolve({ pid: 1, sshdPid: 1 });
  readonly failure = undefined;
  readonly noise: readonly string[] = [];
  readonly ended: Promise<ChannelEnd>;
  readonly dead = false;
  closes = 0;
  end: (end: ChannelEnd) => void = () => undefined;
  #written = '';

  constructor() {
    this.ended = new Promise((resolve) => {
      this.end = (end) => {
        this.output.end();
        resolve(end);
      };
    });
    this.input.on('data', (chunk: Buffer) => {
      this.#written += chunk.toString();
    });
  }

  close(): void {
    this.closes += 1;
  }

  async written(): Promise<{ id?: number; method?: string; params?: Record<string, unknown> }[]> {
    await settled();
    return this.#written
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as { id?: number });
  }

  async say(...lines: (string | object)[]): Promise<void> {
    for (const line of lines)
      this.output.write(`${typeof line === 'string' ? line : JSON.stringify({ jsonrpc: '2.0', ...line })}\n`);
    await settled();
  }
}

/** A link whose `open` the test answers. */
export class HeldLink implements Link {
  readonly host = 'box';
  readonly state: LinkState = { kind: 'ready', sinceMs: 0, rttMs: undefined };
  readonly connections = 1;
  readonly backend = 'held';
  readonly environment = undefined;
  resolve: (channel: LaunchedChannel) => void = () => undefined;
  reject: (error: AnywhereError) => void = () => undefined;

  onChange(): () => void {
    return () => undefined;
  }
  wake(): void {
    /* It is up. */
  }
  ready(): Promise<void> {
    return Promise.resolve();
  }
  tunnel(): Promise<never> {
    return Promise.reject(new AnywhereError('INTERNAL', 'no tunnels here'));
  }
  close(): Promise<void> {
    return Promise.resolve();
  }

  /** Takes no notice of its signal, as a link whose channel has just come. */
  open(): Promise<LaunchedChannel> {
    return new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }
}

export interface InstanceKit {
  readonly instance: Instance;
  readonly link: HeldLink;
  readonly channel: HeldChannel;
  readonly clock: ManualClock;
  readonly lines: [string, string][];
  readonly requests: Message[];
  readonly notifications: Message[];
  /** The channel comes. */
  readonly open: () => Promise<void>;
  /** …and `initialize` is answered. */
  readonly up: (result?: object) => Promise<void>;
}

export const HELLO = {
  protocolVersion: '2025-11-25',
  capabilities: { tools: {} },
  serverInfo: { name: 's', version: '1' },
};

export function instanceKit(
  plan: Partial<ServerPlan> = {},
  deps: Partial<InstanceDeps<InstanceOwner>> = {},
): InstanceKit {
  const clock = new ManualClock();
  const [requests, notifications]: [Message[], Message[]] = [[], []];
  const lines: [string, string][] = [];
  const owner: InstanceOwner = {
    clientInfo: '{"name":"c","version":"1"}',
    capabilities: '{"x-new":1.0}',
    protocolVersion: '2025-06-18',
    serverRequest: (_instance, request) => {
      requests.push(request);
      return new Promise(() => undefined);
    },
    serverNotification: (_instance, notification) => notifications.push(notification),
    instanceReady: () => undefined,
    instanceEnded: () => undefined,
  };
  const link = new HeldLink();
  const channel = new HeldChannel();
  const instance = new Instance(
    serverPlan('box', 'files', plan),
    link,
    { owner, subscriptions: new Subscriptions() },
    {
      clock,
      scope: new Scope((error) => {
        throw error;
      }),
      maxMessageBytes: 1 << 20,
      redact: (line) => line.replaceAll('s3cret', '[redacted]'),
      resolveLaunch: () => Promise.resolve({ command: 'x', args: [], env: new Map(), cwd: undefined }),
      onLine: (stream, line) => lines.push([stream, line]),
      ...deps,
    },
  );
  instance.ready.catch(() => undefined);
  const open = async (): Promise<void> => {
    await settled();
    link.resolve(channel);
    await settled();
  };
  const up = async (result: object = HELLO): Promise<void> => {
    await open();
    await channel.say({ id: 1, result });
  };
  return { instance, link, channel, clock, lines, requests, notifications, open, up };
}
