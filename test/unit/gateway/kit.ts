/** A whole gateway over real local servers, and AI clients on streams of their own. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import type { Plan, ServerPlan } from '../../../src/config/plan.ts';
import { createSecrets } from '../../../src/config/secrets.ts';
import type { ClientSession } from '../../../src/downstream/session.ts';
import { openStreamDoor, type StreamDoor } from '../../../src/downstream/stream-door.ts';
import { Gateway, type GatewayDeps } from '../../../src/gateway/gateway.ts';
import { scratch } from '../../harness/scratch.ts';
import { until } from '../../harness/until.ts';
import { planOf, serverPlan } from '../catalog/kit.ts';

const FIXTURES = fileURLToPath(new URL('../../fixtures/servers/', import.meta.url));
const OWN = fileURLToPath(new URL('servers/', import.meta.url));

/** `host/server`, run by node from test/fixtures/servers (or from here: `./name`). */
export function server(
  id: string,
  script: string,
  more: Partial<ServerPlan> & { readonly argv?: readonly string[] } = {},
): ServerPlan {
  const [host = '', name = ''] = id.split('/');
  const { argv = [], ...rest } = more;
  const path = script.startsWith('./') ? join(OWN, script) : join(FIXTURES, script);
  return serverPlan(host, name, {
    command: process.execPath,
    args: [path, ...argv].map((text) => ({ pieces: [text] })),
    ...rest,
  });
}

/** A server whose whole program is given. */
export function inline(id: string, program: string, more: Partial<ServerPlan> = {}): ServerPlan {
  const [host = '', name = ''] = id.split('/');
  return serverPlan(host, name, {
    command: process.execPath,
    args: ['--input-type=module', '-e', program].map((text) => ({ pieces: [text] })),
    ...more,
  });
}

export const silentLog: GatewayDeps['log'] = {
  error: () => undefined,
  warn: () => undefined,
  info: () => undefined,
  debug: () => undefined,
  child: () => silentLog,
};

export function folders(root = scratch()): GatewayDeps['paths'] {
  const made = (name: string): string => {
    const path = join(root, name);
    mkdirSync(path, { recursive: true, mode: 0o700 });
    return path;
  };
  return { configDir: made('config'), cacheDir: made('cache'), stateDir: made('state'), runtimeDir: made('run') };
}

export interface RigOptions extends Partial<GatewayDeps> {
  readonly plan?: Partial<Plan>;
  /** False: it connects to a host only when somebody needs it. */
  readonly starts?: boolean;
}

/** A gateway, started unless `starts` says otherwise, and closed after the test. */
export function openGateway(
  servers: readonly ServerPlan[],
  { plan, starts = true, ...deps }: RigOptions = {},
): Gateway {
  const env = { PATH: process.env['PATH'] ?? '', HOME: scratch() };
  const gateway = new Gateway(planOf(servers, plan), {
    clock: systemClock(),
    random: Math.random,
    log: silentLog,
    env,
    homeDir: env.HOME,
    paths: folders(),
    prompter: () => Promise.resolve(undefined),
    secrets: createSecrets({ env, homeDir: env.HOME }),
    version: '1.2.3',
    ...deps,
  });
  onTestFinished(() => gateway.close());
  if (starts) gateway.start();
  return gateway;
}

export interface Received {
  readonly id?: unknown;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown };
}

/** An AI client on two streams. */
export class StreamClient {
  readonly input = new PassThrough();
  readonly output: PassThrough;
  readonly door: StreamDoor<ClientSession>;
  readonly #lines: string[] = [];
  #rest = '';
  #lastId = 0;

  constructor(
    gateway: Gateway,
    options: { readonly highWaterMark?: number; readonly maxMessageBytes?: number; readonly reads?: boolean } = {},
  ) {
    this.output = new PassThrough({ highWaterMark: options.highWaterMark ?? 1 << 24 });
    this.door = openStreamDoor({
      input: this.input,
      output: this.output,
      maxMessageBytes: options.maxMessageBytes ?? 1 << 28,
      open: (writer) => gateway.openSession(writer),
    });
    if (options.reads !== false) this.read();
  }

  /** Begins to read what the gateway writes. */
  read(): void {
    this.output.setEncoding('utf8').on('data', (text: string) => {
      const lines = (this.#rest + text).split('\n');
      this.#rest = lines.pop() ?? '';
      this.#lines.push(...lines);
    });
  }

  get lines(): readonly string[] {
    return this.#lines;
  }

  get received(): readonly Received[] {
    return this.#lines.map((line) => JSON.parse(line) as Received);
  }

  send(message: object | string): void {
    this.input.write(`${typeof message === 'string' ? message : JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  }

  /** The first message, also of the past, that fits. */
  waitFor(fits: (message: Received) => boolean, what = 'a message', withinMs = 15_000): Promise<Received> {
    return until(() => this.received.find(fits), {
      withinMs,
      everyMs: 5,
      what: () => `${what}; so far: ${this.#lines.join('\n').slice(-2000)}`,
    });
  }

  reply(id: unknown): Promise<Received> {
    return this.waitFor((message) => message.id === id && message.method === undefined, `the reply to ${String(id)}`);
  }

  /** Sends a request and returns its id. */
  ask(method: string, params?: object): number {
    this.#lastId += 1;
    this.send({ id: this.#lastId, method, params });
    return this.#lastId;
  }

  request(method: string, params?: object): Promise<Received> {
    return this.reply(this.ask(method, params));
  }

  async initialize(capabilities: object = {}, protocolVersion = '2025-11-25'): Promise<Received> {
    const reply = await this.request('initialize', {
      protocolVersion,
      capabilities,
      clientInfo: { name: 'test', version: '1', 'x-new': 1.5 },
    });
    this.send({ method: 'notifications/initialized' });
    return reply;
  }

  call(name: string, args: object = {}, more: object = {}): Promise<Received> {
    return this.request('tools/call', { name, arguments: args, ...more });
  }

  /** What the first content block of a call says. */
  async text(name: string, args: object = {}): Promise<string> {
    return textOf(await this.call(name, args));
  }

  async names(): Promise<string[]> {
    const { result } = await this.request('tools/list');
    return (result?.['tools'] as { name: string }[]).map(({ name }) => name);
  }

  /** Waits until all these tools are listed. */
  async offers(...names: string[]): Promise<void> {
    await until(
      async () => {
        const listed = await this.names();
        return names.every((name) => listed.includes(name));
      },
      { withinMs: 15_000, what: `the tools ${names.join(', ')}` },
    );
  }
}

export function textOf({ result }: Received): string {
  return (result?.['content'] as { text: string }[] | undefined)?.[0]?.text ?? '';
}

/** A gateway and an initialized client that sees these tools. */
export async function connected(
  servers: readonly ServerPlan[],
  tools: readonly string[],
  options: RigOptions = {},
  capabilities: object = {},
  protocolVersion?: string,
): Promise<{ gateway: Gateway; client: StreamClient }> {
  const gateway = openGateway(servers, options);
  const client = new StreamClient(gateway);
  await client.initialize(capabilities, protocolVersion);
  await client.offers(...tools);
  return { gateway, client };
}
