/** A client, a server that stops in the middle of a large answer, and what came of that. */
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { largeLine } from '../fixtures/servers/large-texts.mjs';
import { fixture, writeHostsFile } from '../harness/hosts-file.ts';
import { initialize, type ServeOptions, type Serving, startServe } from '../harness/program.ts';
import type { RawClient, Received } from '../harness/raw-client.ts';
import { makeSandbox, type Sandbox } from '../harness/sandbox.ts';
import type { Sshd } from '../harness/sshd.ts';
import { offers } from '../harness/tools.ts';
import { until } from '../harness/until.ts';

export type Order = 'first' | 'last';
export type Id = number | string;

export const BYTES = 10_000_000;

export interface LargeArguments {
  readonly order: Order;
  /** The client's own. */
  readonly id?: Id;
  readonly bytes?: number;
  /** What becomes of the second half: see the fixture. */
  readonly end?: string;
  /** The first half ends inside of a character. */
  readonly isInside?: boolean;
  /** That server alone may be asked again. */
  readonly tool?: 'answer' | 'read';
}

export interface LargeCall {
  readonly id: Id;
  /** The line as the server writes it, but for the id. */
  readonly expected: string;
  /** Resolves when the server has written the first half, with its pid. */
  readonly half: () => Promise<number>;
  /** It may write the rest. */
  readonly go: () => void;
}

export class LargeAnswers {
  readonly client: RawClient;
  readonly sandbox: Sandbox;
  readonly #folder: string;
  #calls = 0;

  private constructor({ client, sandbox }: Serving, folder: string) {
    this.client = client;
    this.sandbox = sandbox;
    this.#folder = folder;
  }

  /** `box/large`, and `box/other` beside it. Initialized. */
  static async start(
    sshd: Sshd,
    options: ServeOptions = {},
    server: object = {},
    top: object = {},
  ): Promise<LargeAnswers> {
    // The login there is another user.
    const folder = join(sshd.folder, `marks-${Math.random().toString(36).slice(2)}`);
    mkdirSync(folder);
    chmodSync(folder, 0o777);
    const servers = { large: fixture(sshd, 'large.mjs', [], { ...server }), other: fixture(sshd, 'large.mjs') };
    const file = writeHostsFile({ box: { sshd, servers } }, { ...top });
    const serving = startServe(file.path, makeSandbox(), options);
    await initialize(serving.client);
    await offers(serving.client, ['box__large__answer', 'box__other__say']);
    return new LargeAnswers(serving, folder);
  }

  ask({ order, id = `call-${this.#calls}`, bytes = BYTES, end, isInside, tool = 'answer' }: LargeArguments): LargeCall {
    this.#calls += 1;
    const mark = join(this.#folder, String(this.#calls));
    const params = { name: `box__large__${tool}`, arguments: { mark, order, bytes, end, isInside } };
    this.client.send(JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params }));
    return {
      id,
      expected: largeLine(order, JSON.stringify(id), bytes),
      half: () => until(() => existsSync(`${mark}.half`) && Number(readFileSync(`${mark}.half`, 'utf8'))),
      go: () => writeFileSync(`${mark}.go`, ''),
    };
  }

  /** The same, with the first half of the answer written, and its server waiting for the rest. */
  async halfWay(args: LargeArguments): Promise<LargeCall & { readonly pid: number }> {
    const call = this.ask(args);
    return { ...call, pid: await call.half() };
  }

  /** A tools/call of `box/other` whose answer comes at once. */
  say(words: string): number {
    return this.client.ask('tools/call', { name: 'box__other__say', arguments: { words } });
  }

  /** A tools/call that has reached `box/large`, and is answered there when the large answer is written. */
  async next(): Promise<number> {
    this.#calls += 1;
    const mark = join(this.#folder, String(this.#calls));
    const id = this.client.ask('tools/call', { name: 'box__large__next', arguments: { mark } });
    await until(() => existsSync(`${mark}.next`));
    return id;
  }

  /** It still answers as it should, also with large ones. */
  async works(): Promise<void> {
    const call = this.ask({ order: 'first', bytes: 1_000_000 });
    call.go();
    sameLine(await this.client.reply(call.id), call);
  }

  /** Lines from `from` on that are no notifications of ours. */
  linesSince(from: number): readonly Received[] {
    return this.client.received.slice(from).filter(({ message }) => message.method === undefined);
  }

  /** Waits for `count` of them. */
  async lines(from: number, count: number, withinMs = 10_000): Promise<readonly Received[]> {
    const found = (): readonly Received[] => this.linesSince(from);
    const what = (): string =>
      `${count} lines; got ${found()
        .map(({ line }) => line.slice(0, 200))
        .join('\n')}`;
    await until(() => found().length >= count, { withinMs, what });
    return found();
  }
}

const hash = (text: string): string => createHash('sha256').update(text).digest('hex');

/** To the byte. (A comparison of the texts would print all of them.) */
export function sameLine({ line, message }: Received, { expected }: LargeCall): void {
  expect({ bytes: Buffer.byteLength(line), sha256: hash(line) }).toEqual({
    bytes: Buffer.byteLength(expected),
    sha256: hash(expected),
  });
  const { result } = JSON.parse(expected) as { result: { content: { text: string }[] } };
  expect(hash((message.result as typeof result).content[0]?.text ?? '')).toBe(hash(result.content[0]?.text ?? ''));
}
