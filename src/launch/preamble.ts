/**
 * Reads the preamble of a launcher, which comes before the program's first byte.
 *
 * Start files of the login shell may print anything before the preamble. Their lines are kept, and never reach the program's
 * reader. The line `<nonce> ready <pid> <parent's pid> <stand-in's pid>` ends the preamble; the program's bytes follow.
 */

import { BoundedLines, type TextLimits } from '../base/bounded-lines.ts';
import { beginning } from '../base/harmless.ts';
import type { HostEnvironment } from './contract.ts';
import { MARK } from './marks.ts';
import { hostEnvironment } from './probe.ts';

export type PreambleEnd =
  | {
      readonly kind: 'ready';
      readonly pid: number;
      readonly sshdPid: number;
      /** Holds the lease until a warden relieves it. */
      readonly standInPid: number | undefined;
    }
  | { readonly kind: 'no-folder' }
  | { readonly kind: 'no-command' };

export interface Preamble {
  readonly end: PreambleEnd;
  /** The answer of a probe; undefined without a probe. Without variables where the login shell did not answer. */
  readonly environment: HostEnvironment | undefined;
  /** The probe found that launchers there can watch their output. */
  readonly outputWatch: boolean;
  /** The last lines of the start files' output. */
  readonly noise: readonly string[];
  /** The program's first bytes, where some came in the same chunk. */
  readonly rest: Buffer;
}

/** Far more than start files print and login shells have as environment. */
export const PREAMBLE_LIMITS = {
  lineBytes: 256 * 1024,
  lines: 20_000,
  bytes: 4 * 1024 * 1024,
} as const satisfies TextLimits;
const KEPT_NOISE_LINES = 100;
const KEPT_NOISE_CHARACTERS = 4096;

export class PreambleReader {
  readonly #nonce: string;
  readonly #noise: string[] = [];
  readonly #probeLines: string[] = [];
  #section: 'noise' | 'machine' | 'variables' = 'noise';
  #answered = false;
  #probed = false;
  readonly #lines = new BoundedLines(PREAMBLE_LIMITS);

  constructor(nonce: string) {
    this.#nonce = nonce;
  }

  /** A limit is exceeded: the output is no preamble. */
  get isOver(): boolean {
    return this.#lines.isOver;
  }

  /** The preamble, with the chunk that ends it; undefined before. */
  push(chunk: Buffer): Preamble | undefined {
    this.#lines.push(chunk);
    for (let line = this.#lines.next(); line !== undefined; line = this.#lines.next()) {
      const end = this.#line(line);
      if (end !== undefined) return this.#result(end, Buffer.from(this.#lines.rest));
    }
    return undefined;
  }

  /** The output so far, as evidence for the error of a channel without a launcher. */
  noise(): readonly string[] {
    const partial = beginning(this.#lines.partial, KEPT_NOISE_CHARACTERS).trim();
    return partial === '' ? [...this.#noise] : [...this.#noise, partial];
  }

  #line(line: string): PreambleEnd | undefined {
    if (line.startsWith(this.#nonce)) return this.#mark(line.slice(this.#nonce.length));
    if (this.#section !== 'noise') this.#probeLines.push(line);
    else if (line.trim() !== '') this.#keepNoise(line);
    return undefined;
  }

  #mark(mark: string): PreambleEnd | undefined {
    if (mark === MARK.noFolder) return { kind: 'no-folder' };
    if (mark === MARK.noCommand) return { kind: 'no-command' };
    const ready = readyMark(mark);
    if (ready === undefined) this.#sectionMark(mark);
    return ready;
  }

  #sectionMark(mark: string): void {
    if (mark === MARK.machine) {
      this.#section = 'machine';
      this.#probed = true;
    } else if (mark === MARK.variablesBegin) {
      this.#section = 'variables';
    } else if (mark === MARK.variablesEnd) {
      this.#section = 'noise';
      this.#answered = true;
    }
  }

  #keepNoise(line: string): void {
    this.#noise.push(beginning(line.replace(/\r$/, ''), KEPT_NOISE_CHARACTERS));
    if (this.#noise.length > KEPT_NOISE_LINES) this.#noise.shift();
  }

  #result(end: PreambleEnd, rest: Buffer): Preamble {
    const [system = '', shell = '', watch, ...variables] = this.#probeLines;
    const said = this.#answered ? variables : [];
    const environment = this.#probed ? hostEnvironment(system, shell, said) : undefined;
    const outputWatch = this.#probed && watch === 'output';
    return { end, environment, outputWatch, noise: this.#noise, rest };
  }
}

function readyMark(mark: string): PreambleEnd | undefined {
  const [, pid, sshdPid, standInPid] = /^ ready (\d+) (\d+)(?: (\d+))?$/.exec(mark) ?? [];
  if (pid === undefined) return undefined;
  return { kind: 'ready', pid: Number(pid), sshdPid: Number(sshdPid), standInPid: Number(standInPid) || undefined };
}
