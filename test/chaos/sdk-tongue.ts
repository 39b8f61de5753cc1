/** The official SDK's client, with a shim as its server. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { McpError, ResultSchema } from '@modelcontextprotocol/sdk/types.js';
import { signalPid } from '../harness/processes.ts';
import { BIN } from '../harness/program.ts';
import type { Sandbox } from '../harness/sandbox.ts';
import { answerOf, type OnAnswer, type Result, type Tongue, type TongueEvents } from './tongue.ts';

/** Ours is what counts. */
const NEVER_MS = 2 ** 30;

export class SdkTongue implements Tongue {
  readonly #transport: StdioClientTransport;
  readonly #client: Client;
  readonly #connected: Promise<unknown>;
  #hasLeft = false;

  constructor(name: string, hostsFile: string, sandbox: Sandbox, events: TongueEvents) {
    const { env, home: cwd } = sandbox;
    const args = [BIN, 'serve', '--config', hostsFile];
    this.#transport = new StdioClientTransport({
      command: process.execPath,
      args,
      env: { ...env },
      cwd,
      stderr: 'pipe',
    });
    this.#client = new Client({ name, version: '1' }, { capabilities: {} });
    // It is said here that a reply is to nothing it asked.
    this.#client.onerror = (error) => {
      if (!this.#hasLeft) events.onBroken(`complained: ${error.message.slice(0, 300)}`);
    };
    this.#client.onclose = () => {
      if (!this.#hasLeft) events.onEnded('its shim ended');
    };
    this.#connected = this.#client.connect(this.#transport, { timeout: NEVER_MS }).catch(() => undefined);
  }

  /** What it cancels it would complain about when it is answered all the same: it only stops to wait. */
  ask(method: string, params: object, onAnswer: OnAnswer): () => void {
    let isWanted = true;
    const answered: OnAnswer = (answer) => {
      if (isWanted && !this.#hasLeft) onAnswer(answer);
    };
    this.#ask(method, params, answered).catch(() => undefined);
    return () => {
      isWanted = false;
    };
  }

  doze(ms: number): Promise<void> {
    return sleep(ms);
  }

  async leave(): Promise<void> {
    this.#hasLeft = true;
    await this.#client.close();
    await this.#connected;
  }

  async kill(): Promise<void> {
    this.#hasLeft = true;
    const { pid } = this.#transport;
    if (pid !== null) signalPid(pid, 'SIGKILL');
    await this.leave();
  }

  async #ask(method: string, params: object, onAnswer: OnAnswer): Promise<void> {
    await this.#connected;
    try {
      const request = { method, params: params as Record<string, unknown> };
      const result: unknown = await this.#client.request(request, ResultSchema, { timeout: NEVER_MS });
      onAnswer(answerOf(result as Result));
    } catch (error) {
      const code = error instanceof McpError ? error.code : undefined;
      onAnswer({ text: String(error), kind: 'error', code });
    }
  }
}
