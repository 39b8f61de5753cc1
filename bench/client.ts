/**
 * An MCP client of raw lines for both sides of every comparison: no SDK, no JSON.parse of results.
 *
 * Replies are matched by the first `"id":` of their line. Of long ones only the beginning is kept: else what they cost this
 * process, most of it garbage collection, would be most of what is measured.
 */

import type { ChildProcessByStdio } from 'node:child_process';
import { spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';

export interface ClientOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
}

/** @param bytes of the whole line; `line` may be its beginning only */
type OnReply = (line: Buffer, bytes: number) => void;

const NEWLINE = 0x0a;
const ID = Buffer.from('"id":');
const LIST_CHANGED = 'notifications/tools/list_changed';
const PATIENCE_MS = 60_000;
const KEPT_BYTES = 4 * 1024 * 1024;

export class LineClient {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #pending = new Map<number, OnReply>();
  readonly #changed = new Set<() => void>();
  readonly #ended: Promise<void>;
  #pieces: Buffer[] = [];
  /** Of the line that comes. */
  #bytes = 0;
  #stderr = '';
  #lastId = 0;
  #changes = 0;

  constructor(options: ClientOptions) {
    const { command, args, env, cwd } = options;
    this.#child = spawn(command, args, { env, cwd, stdio: 'pipe' });
    this.#child.stdout.on('data', (chunk: Buffer) => {
      this.#read(chunk);
    });
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-10_000);
    });
    this.#child.stdin.on('error', () => undefined);
    this.#ended = new Promise((resolve) => {
      this.#child.once('error', () => resolve());
      this.#child.once('close', () => resolve());
    });
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  /** How often the server said that its tools changed. */
  get changes(): number {
    return this.#changes;
  }

  /** Sends a request; `onReply` gets the whole line of its reply. `params` is JSON already. */
  ask(method: string, params: string, onReply: OnReply): void {
    this.#lastId += 1;
    this.#pending.set(this.#lastId, onReply);
    this.#child.stdin.write(`{"jsonrpc":"2.0","id":${this.#lastId},"method":"${method}","params":${params}}\n`);
  }

  /** How many bytes the reply has. */
  async measure(method: string, params: string): Promise<number> {
    const reply = new Promise<number>((resolve) => {
      this.ask(method, params, (_line, bytes) => resolve(bytes));
    });
    return await this.#within(reply, method);
  }

  /** The same as a promise; a JSON-RPC error, `isError` in a short result, or the end of the program rejects. */
  async request(method: string, params: string): Promise<Buffer> {
    const reply = new Promise<Buffer>((resolve) => {
      this.ask(method, params, (line) => resolve(line));
    });
    const line = await this.#within(reply, method);
    const head = line.subarray(0, 2000).toString();
    if (head.includes('"error":') || head.includes('"isError":true'))
      throw new Error(`${method}: ${head}\n${this.#stderr}`);
    return line;
  }

  async initialize(): Promise<void> {
    const clientInfo = { name: 'bench', version: '1.0.0' };
    await this.request('initialize', JSON.stringify({ protocolVersion: '2025-11-25', capabilities: {}, clientInfo }));
    this.#child.stdin.write('{"jsonrpc":"2.0","method":"notifications/initialized"}\n');
  }

  /** Every page of the tools. */
  async wholeList(): Promise<readonly string[]> {
    const pages: string[] = [];
    let params = '{}';
    for (;;) {
      const page = (await this.request('tools/list', params)).toString('latin1');
      pages.push(page);
      const cursor = /"nextCursor":("(?:[^"\\]|\\.)*")/.exec(page)?.[1];
      if (cursor === undefined) return pages;
      params = `{"cursor":${cursor}}`;
    }
  }

  /** Lists until every name is offered, again after each list_changed. */
  async listUntil(names: readonly string[], withinMs = PATIENCE_MS): Promise<void> {
    const until = performance.now() + withinMs;
    for (;;) {
      const seen = this.#changes;
      const pages = await this.wholeList();
      const offered = new Set(pages.flatMap((page) => [...page.matchAll(/"name":"([^"]+)"/g)].map(([, name]) => name)));
      const missing = names.filter((name) => !offered.has(name));
      if (missing.length === 0) return;
      const what = `list_changed (${missing.length} missing: ${missing.slice(0, 5).join(' ')})`;
      await this.#within(this.#changedSince(seen), what, until - performance.now());
    }
  }

  /** From now on what it says is read and thrown away. */
  throwAway(): void {
    this.#child.stdout.removeAllListeners('data').resume();
  }

  /** EOF, then SIGKILL for what does not end by itself. */
  async close(): Promise<void> {
    this.#child.stdin.end();
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 15_000);
    await this.#ended;
    clearTimeout(timer);
  }

  #changedSince(seen: number): Promise<void> {
    if (this.#changes > seen) return Promise.resolve();
    return new Promise((resolve) => {
      const listener = (): void => {
        this.#changed.delete(listener);
        resolve();
      };
      this.#changed.add(listener);
    });
  }

  async #within<T>(work: Promise<T>, what: string, withinMs = PATIENCE_MS): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const fail = (why: string): never => {
      throw new Error(`${what}: ${why}\n${this.#stderr}`);
    };
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, withinMs);
    });
    try {
      return await Promise.race([
        work,
        this.#ended.then(() => fail('the program ended')),
        late.then(() => fail('no answer in time')),
      ]);
    } finally {
      clearTimeout(timer);
    }
  }

  #read(chunk: Buffer): void {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      const piece = chunk.subarray(start, end);
      const bytes = this.#bytes + piece.length;
      this.#line(this.#pieces.length === 0 ? piece : Buffer.concat([...this.#pieces, piece]), bytes);
      this.#pieces = [];
      this.#bytes = 0;
      start = end + 1;
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start));
  }

  #keep(piece: Buffer): void {
    if (this.#bytes < KEPT_BYTES) this.#pieces.push(piece);
    this.#bytes += piece.length;
  }

  #line(line: Buffer, bytes: number): void {
    const at = line.indexOf(ID);
    const id = at < 0 ? -1 : Number.parseInt(line.toString('latin1', at + ID.length, at + ID.length + 12), 10);
    const onReply = this.#pending.get(id);
    if (onReply !== undefined) {
      this.#pending.delete(id);
      onReply(line, bytes);
    } else if (line.includes(LIST_CHANGED)) {
      this.#changes += 1;
      for (const listener of [...this.#changed]) listener();
    }
  }
}
