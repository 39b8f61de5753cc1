/** Members that a test drives: a link whose state the test sets, and chance that repeats itself. */

import { Emitter } from '../../../src/base/emitter.ts';
import type { AnywhereError } from '../../../src/base/errors.ts';
import type { LaunchedChannel, Link, LinkChange, LinkState } from '../../../src/link/contract.ts';
import { HeldChannel } from '../upstream/kit.ts';

export class ScriptedLink implements Link {
  readonly host: string;
  readonly connections = 0;
  readonly backend = 'scripted';
  readonly environment = undefined;
  readonly wakes: string[] = [];
  readonly channels: HeldChannel[] = [];
  /** What `open` fails with; undefined: a channel comes. */
  refusal: AnywhereError | undefined;
  state: LinkState = { kind: 'idle' };
  readonly #changes = new Emitter<LinkChange>();

  constructor(host = 'box') {
    this.host = host;
  }

  become(state: LinkState): void {
    const from = this.state;
    this.state = state;
    this.#changes.emit({ from, to: state, reason: 'the test' });
  }

  onChange(listener: (change: LinkChange) => void): () => void {
    return this.#changes.on(listener);
  }

  wake(reason: string): void {
    this.wakes.push(reason);
  }

  ready(signal: AbortSignal): Promise<void> {
    if (this.state.kind === 'ready') return Promise.resolve();
    return new Promise((resolve, reject) => {
      const leave = this.#changes.on(({ to }) => {
        if (to.kind === 'ready') resolve();
        else if (to.kind === 'waiting' || to.kind === 'refused') reject(to.cause);
        else return;
        leave();
      });
      signal.addEventListener(
        'abort',
        () => {
          leave();
          reject(signal.reason as Error);
        },
        { once: true },
      );
    });
  }

  open(): Promise<LaunchedChannel> {
    if (this.refusal !== undefined) return Promise.reject(this.refusal);
    const channel = new HeldChannel();
    this.channels.push(channel);
    return Promise.resolve(channel);
  }

  tunnel(): Promise<never> {
    return Promise.reject(new Error('no tunnels here'));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

export const UP: LinkState = { kind: 'ready', sinceMs: 0, rttMs: undefined };

/** The same numbers for the same seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
