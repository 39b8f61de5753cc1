/**
 * What the client says while its daemon is on its way out: what it asks waits for the next one, what belongs to a call under
 * way still goes to this one. So a daemon that drains has read all that it was sent, and nothing is asked twice.
 */
import { rawAt } from '../protocol/json-scan.ts';
import type { Message } from '../protocol/message.ts';
import { isRepeatable } from './pending.ts';

interface Kept {
  readonly line: Buffer;
  /** Of a request, as JSON text. */
  readonly idText: string | undefined;
}

export class Holdback {
  /** `left`: our end of the connection is closed. */
  #stage: 'off' | 'draining' | 'left' = 'off';
  #lines: Kept[] = [];
  #bytes = 0;

  get isOn(): boolean {
    return this.#stage !== 'off';
  }

  get isDraining(): boolean {
    return this.#stage === 'draining';
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The daemon wants to be asked nothing more. */
  begin(): void {
    if (this.#stage === 'off') this.#stage = 'draining';
  }

  /** Nothing reaches this daemon any more. */
  leave(): void {
    this.#stage = 'left';
  }

  /** The daemon is gone. Returns what the next one is to be told, in the client's order. */
  take(): readonly Buffer[] {
    const lines = this.#lines.map(({ line }) => line);
    this.#stage = 'off';
    this.#lines = [];
    this.#bytes = 0;
    return lines;
  }

  /** True where the daemon must not get this line: it waits here, or is of no use to any other. */
  keeps(message: Message): boolean {
    switch (message.kind) {
      case 'request':
        if (this.#stage === 'draining' && isRepeatable(message.method)) return false;
        this.keep(message.bytes, message.idText);
        return true;
      case 'notification':
        return this.#dropsCancelled(message) || this.#stage === 'left';
      default:
        // It was this daemon that asked.
        return this.#stage === 'left';
    }
  }

  /** @param line lent */
  keep(line: Buffer, idText?: string): void {
    this.#lines.push({ line: Buffer.from(line), idText });
    this.#bytes += line.length;
  }

  /** A kept request that its client has cancelled is asked of nobody. */
  #dropsCancelled(notification: Message): boolean {
    if (notification.method !== 'notifications/cancelled') return false;
    const span = notification.param('requestId');
    const idText = span === undefined ? undefined : rawAt(notification.bytes, span);
    const at = idText === undefined ? -1 : this.#lines.findIndex((kept) => kept.idText === idText);
    const [dropped] = at === -1 ? [] : this.#lines.splice(at, 1);
    this.#bytes -= dropped?.line.length ?? 0;
    return dropped !== undefined;
  }
}
