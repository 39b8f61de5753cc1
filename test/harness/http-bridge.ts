/**
 * Streamable HTTP in front of a stdio MCP server, for test clients that speak nothing else. Each HTTP session
 * gets a process of its own. The HTTP side is the official SDK's, so messages are parsed and printed again here:
 * what must be equal to the byte is tested without it.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createInterface } from 'node:readline';
import { InMemoryEventStore } from '@modelcontextprotocol/sdk/examples/shared/inMemoryEventStore.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import type { JSONRPCMessage, RequestId } from '@modelcontextprotocol/sdk/types.js';

export interface StdioCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

export interface HttpBridge {
  readonly url: string;
  /** What the processes said on stderr. */
  stderr(): string;
  stop(): Promise<void>;
}

export async function startHttpBridge(program: StdioCommand): Promise<HttpBridge> {
  const bridge = new Bridge(program);
  await bridge.listen();
  return bridge;
}

class Bridge implements HttpBridge {
  readonly #program: StdioCommand;
  readonly #sessions = new Map<string, BridgeSession>();
  readonly #all = new Set<BridgeSession>();
  readonly #http: Server;
  #port = 0;

  constructor(program: StdioCommand) {
    this.#program = program;
    this.#http = createServer((request, response) => {
      this.#handle(request, response).catch((error: unknown) => {
        response.writeHead(500).end(String(error));
      });
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/mcp`;
  }

  stderr(): string {
    return [...this.#all].map((session) => session.stderr).join('');
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#http.listen(0, '127.0.0.1', resolve));
    const address = this.#http.address();
    if (address === null || typeof address === 'string') throw new Error('no TCP address');
    this.#port = address.port;
  }

  async stop(): Promise<void> {
    this.#http.closeAllConnections();
    await new Promise((resolve) => this.#http.close(resolve));
    await Promise.all([...this.#all].map((session) => session.end()));
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const id = request.headers['mcp-session-id'];
    const session =
      typeof id === 'string' ? this.#sessions.get(id) : request.method === 'POST' ? await this.#open() : undefined;
    if (session === undefined) response.writeHead(404).end('no such session');
    else await session.handle(request, response);
  }

  async #open(): Promise<BridgeSession> {
    const session = new BridgeSession(this.#program, [`127.0.0.1:${this.#port}`, `localhost:${this.#port}`], (id) => {
      this.#sessions.set(id, session);
    });
    this.#all.add(session);
    await session.start();
    return session;
  }
}

class BridgeSession {
  readonly #transport: StreamableHTTPServerTransport;
  readonly #program: StdioCommand;
  /** Requests of the client that have no answer yet, with the progress token each asked for. */
  readonly #pending = new Map<RequestId, unknown>();
  #child: ChildProcess | undefined;
  #closed: Promise<unknown> = Promise.resolve();
  stderr = '';

  constructor(program: StdioCommand, allowedHosts: string[], onOpened: (id: string) => void) {
    this.#program = program;
    this.#transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: () => randomUUID(),
      onsessioninitialized: onOpened,
      eventStore: new InMemoryEventStore(),
      retryInterval: 100,
      enableDnsRebindingProtection: true,
      allowedHosts,
    });
  }

  async start(): Promise<void> {
    this.#transport.onmessage = (message, extra) => {
      this.#toChild(message);
      // SEP-1699: the answer to this one is fetched by a client that was cut off and came back.
      if (isCallOf(message, 'test_reconnection')) extra?.closeSSEStream?.();
    };
    await this.#transport.start();
  }

  /** A client that gives up its stream of server messages has left: the runner's clients say no DELETE. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const isStream = request.method === 'GET' && request.headers['last-event-id'] === undefined;
    if (isStream) {
      response.once('close', () => {
        this.end().catch(() => undefined);
      });
    }
    await this.#transport.handleRequest(request, response);
  }

  async end(): Promise<void> {
    this.#child?.stdin?.end();
    const timer = setTimeout(() => this.#child?.kill('SIGKILL'), 5_000);
    await this.#closed;
    clearTimeout(timer);
    await this.#transport.close();
  }

  /** Started by the first message that is let in. */
  #running(): ChildProcess {
    if (this.#child !== undefined) return this.#child;
    const child = spawn(this.#program.command, this.#program.args, { env: this.#program.env, stdio: 'pipe' });
    this.#child = child;
    this.#closed = new Promise((resolve) => child.once('close', resolve));
    child.stdin.on('error', () => undefined);
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    createInterface({ input: child.stdout, crlfDelay: Number.POSITIVE_INFINITY }).on('line', (line) => {
      this.#fromChild(JSON.parse(line) as JSONRPCMessage);
    });
    return child;
  }

  #toChild(message: JSONRPCMessage): void {
    if ('method' in message && 'id' in message) this.#pending.set(message.id, message.params?._meta?.progressToken);
    this.#running().stdin?.write(`${JSON.stringify(message)}\n`);
  }

  #fromChild(message: JSONRPCMessage): void {
    const related = 'method' in message ? this.#relatedTo(message) : undefined;
    if (!('method' in message) && message.id !== undefined) this.#pending.delete(message.id);
    // A client that is gone hears nothing.
    this.#transport.send(message, related === undefined ? {} : { relatedRequestId: related }).catch(() => undefined);
  }

  /** stdio does not say which request a message of the server belongs to: progress names it, else it is the latest. */
  #relatedTo(message: JSONRPCMessage): RequestId | undefined {
    const token =
      'params' in message ? (message.params as { progressToken?: unknown } | undefined)?.progressToken : undefined;
    const owner = token === undefined ? undefined : [...this.#pending].find(([, asked]) => asked === token);
    return owner?.[0] ?? [...this.#pending.keys()].at(-1);
  }
}

function isCallOf(message: JSONRPCMessage, tool: string): boolean {
  return 'method' in message && message.method === 'tools/call' && message.params?.['name'] === tool;
}
