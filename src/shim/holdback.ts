/**
 * The client's messages while its daemon drains. New requests wait for the next daemon; messages about a running call
 * still go to this one. So a draining daemon has read everything that was sent to it, and no request is sent twice.
 */
import { rawAt } from '../protocol/json-scan.ts';
import type { Message } from '../protocol/message.ts';
import { isRepeatable } from './pending.ts';

interface Kept {
  readonly line: Buffer;
  /** The id of a request, as JSON text. */
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

  /** The daemon begins to drain. */
  begin(): void {
    if (this.#stage === 'off') this.#stage = 'draining';
  }

  /** Our end of the connection is closed. */
  leave(): void {
    this.#stage = 'left';
  }

  /** The daemon is gone. Returns the held lines for the next one, in the client's order. */
  take(): readonly Buffer[] {
    const lines = this.#lines.map(({ line }) => line);
    this.#stage = 'off';
    this.#lines = [];
    this.#bytes = 0;
    return lines;
  }

  /** True if the daemon must not get this line: the line waits here, or no daemon needs it. */
  keeps(message: Message): boolean {
    switch (message.kind) {
      case 'request':
        if (this.#stage === 'draining' && isRepeatable(message.method)) return false;
        this.keep(message.bytes, message.idText);
        return true;
      case 'notification':
        return this.#dropsCancelled(message) || this.#stage === 'left';
      default:
        // A reply, which only this daemon expects.
        return this.#stage === 'left';
    }
  }

  /** @param line copied here, because the caller reuses its bytes */
  keep(line: Buffer, idText?: string): void {
    this.#lines.push({ line: Buffer.from(line), idText });
    this.#bytes += line.length;
  }

  /** A cancelled request that still waits is dropped. */
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
