/** An MCP client of lines: what is sent and what came are there to the byte. */
import { type ChildProcess, spawn } from 'node:child_process';
import { until } from './until.ts';

export interface Message {
  readonly id?: number | string | null;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown };
}

/** One line of the server's stdout. */
export interface Received {
  readonly line: string;
  readonly message: Message;
  /** `performance.now()` when its last byte came. */
  readonly atMs: number;
}

export interface RawClientOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** So many lines of the past are kept; left out: all. A test that runs for long must not grow itself. */
  readonly keeps?: number;
  /** Called with every line as it comes. */
  readonly onReceived?: (one: Received) => void;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export class RawClient {
  readonly #child: ChildProcess;
  readonly #received: Received[] = [];
  readonly #keeps: number;
  readonly #onReceived: (one: Received) => void;
  #pieces: string[] = [];
  #stderr = '';
  #nextId = 1;
  #exit: Exit | undefined;
  /** Resolves when the program and its pipes have ended. */
  readonly ended: Promise<Exit>;

  constructor(options: RawClientOptions) {
    const { command, args, env, cwd, keeps = Number.POSITIVE_INFINITY, onReceived = () => undefined } = options;
    this.#keeps = keeps;
    this.#onReceived = onReceived;
    this.#child = spawn(command, args, { env, ...(cwd === undefined ? {} : { cwd }), stdio: 'pipe' });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#read(text);
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
    });
    this.#child.stdin?.on('error', () => undefined);
    this.ended = new Promise((resolve) =>
      this.#child.once('close', (code, signal) => {
        this.#exit = { code, signal };
        resolve(this.#exit);
      }),
    );
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error('it did not start');
    return this.#child.pid;
  }

  /** False once the program and its pipes have ended. */
  get isRunning(): boolean {
    return this.#exit === undefined;
  }

  /** Every line so far that is kept, in order. */
  get received(): readonly Received[] {
    return this.#received;
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** Of the line that has begun and not ended. */
  get unfinished(): string {
    return this.#pieces.join('');
  }

  /** Reads nothing of what it is sent until the returned function was called. */
  stopReading(): () => void {
    this.#child.stdout?.pause();
    return () => this.#child.stdout?.resume();
  }

  /** One line, as given. */
  send(line: string): void {
    this.#child.stdin?.write(`${line}\n`);
  }

  notify(method: string, params: object = {}): void {
    this.send(JSON.stringify({ jsonrpc: '2.0', method, params }));
  }

  /** Sends a request and returns its id at once. */
  ask(method: string, params: object = {}): number {
    const id = this.#nextId;
    this.#nextId += 1;
    this.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
    return id;
  }

  /** The reply to `id`, whenever it came. */
  reply(id: number | string, withinMs = 20_000): Promise<Received> {
    return this.waitFor(
      ({ message }) => message.id === id && message.method === undefined,
      `the reply to ${id}`,
      withinMs,
    );
  }

  /** Request and reply. A JSON-RPC error rejects. */
  async request(method: string, params: object = {}, withinMs?: number): Promise<Record<string, unknown>> {
    const { message, line } = await this.reply(this.ask(method, params), withinMs);
    if (message.result === undefined) throw new Error(`${method}: ${line}`);
    return message.result;
  }

  /** The first line, also of the past, that fits. */
  waitFor(fits: (one: Received) => boolean, what: string, withinMs = 20_000): Promise<Received> {
    return until(
      () => {
        const found = this.#received.find(fits);
        // No further line can come.
        if (found === undefined && this.#exit !== undefined)
          throw new Error(`it ended (${JSON.stringify(this.#exit)}) before ${what}\nstderr: ${this.#stderr}`);
        return found;
      },
      {
        withinMs,
        everyMs: 2,
        what: () =>
          `${what}; got ${this.#received
            .slice(-5)
            .map((one) => one.line.slice(0, 300))
            .join('\n')}\nstderr: ${this.#stderr.slice(-3000)}`,
      },
    );
  }

  /** Notifications of `method` so far. */
  notifications(method: string): Message[] {
    return this.#received
      .map((one) => one.message)
      .filter((message) => message.method === method && message.id === undefined);
  }

  /** EOF on its stdin. */
  endInput(): void {
    this.#child.stdin?.end();
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** EOF, and SIGKILL if that does not end it in time. */
  async close(withinMs = 8_000): Promise<Exit> {
    this.endInput();
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), withinMs);
    const exit = await this.ended;
    clearTimeout(timer);
    return exit;
  }

  #read(text: string): void {
    const lines = text.split('\n');
    const atMs = performance.now();
    while (lines.length > 1) {
      const line = this.#pieces.join('') + (lines.shift() ?? '');
      this.#pieces = [];
      const one = { line, message: parse(line), atMs };
      this.#received.push(one);
      if (this.#received.length > this.#keeps) this.#received.shift();
      this.#onReceived(one);
    }
    this.#pieces.push(lines[0] ?? '');
  }
}

/** What is no JSON object is kept as an empty message, for the test to complain about. */
function parse(line: string): Message {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}
