/** What is put to the test: the program in this process, or a daemon with shims in front of it. */
import type { Chance } from './random.ts';
import type { Tongue, TongueEvents } from './tongue.ts';

export type Way = 'process' | 'daemon';

/** What it holds. */
export interface Held {
  readonly descriptors: number;
  /** What they are, sorted. */
  readonly open: readonly string[];
  /** Bytes. */
  readonly rss: number;
  /** After a full collection, bytes. */
  readonly heap: number;
  /** What keeps its event loop alive, where that can be seen. */
  readonly handles?: number;
}

/** Harm that is done to the program itself. */
export interface ProgramFault {
  readonly name: string;
  /** Relative to the others. */
  readonly weight: number;
  /** @param pass lets so much time pass, or less when the run is over */
  run(chance: Chance, pass: (ms: number) => Promise<void>): Promise<void>;
}

export interface Program {
  /** Empty: it is this process. */
  readonly faults: readonly ProgramFault[];
  /** Another client of it. */
  speak(name: string, chance: Chance, events: TongueEvents): Tongue;
  /** At rest. */
  held(): Held | Promise<Held>;
  /** Ends it; resolves with what is left of it. */
  stop(): Promise<readonly string[]>;
}
