/**
 * Statistics on disk: a header line, then one line of JSON for each subject. Written whole and renamed into place
 * (0600 in a 0700 folder), a few subjects at a time, so that calls go on meanwhile.
 */

import { readFile, rename } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { writeAtomic } from '../base/atomic-write.ts';
import { isMissing } from '../base/errno.ts';
import { DURATION_CLASSES } from './histogram.ts';
import { type Slot, StatsBook } from './stats-book.ts';

/** Part of the file's name, so that two versions of this program leave each other's alone. */
export const STATS_FORMAT = 1;

const HEADER = JSON.stringify({ statistics: STATS_FORMAT });
/** At most a millisecond of work, even where each subject was used all day. */
const SUBJECTS_AT_ONCE = 25;

/** Empty where there is none yet. An unreadable file is renamed to `<file>.broken` and reported. */
export async function readStats(file: string, onBroken: (file: string) => void): Promise<StatsBook> {
  const lines = await linesOf(file);
  const book = lines === undefined ? new StatsBook() : await decoded(lines);
  if (book !== undefined) return book;
  await rename(file, `${file}.broken`);
  onBroken(`${file}.broken`);
  return new StatsBook();
}

export function writeStats(file: string, book: StatsBook): Promise<void> {
  return writeAtomic(file, linesFor(book), { isDurable: true });
}

async function* linesFor(book: StatsBook): AsyncGenerator<string> {
  yield `${HEADER}\n`;
  for (const lines of portions([...book.subjects])) {
    yield lines.map(([subject, slots]) => `${JSON.stringify([subject, slots.map(packedSlot)])}\n`).join('');
    await setImmediate();
  }
}

async function linesOf(file: string): Promise<readonly string[] | undefined> {
  try {
    return (await readFile(file, 'utf8')).split('\n');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

async function decoded([header, ...lines]: readonly string[]): Promise<StatsBook | undefined> {
  // Whole lines only: the last one ends with a newline too.
  if (header !== HEADER || lines.at(-1) !== '') return undefined;
  const book = new StatsBook();
  for (const some of portions(lines.slice(0, -1))) {
    if (!some.every((line) => readLine(book, line))) return undefined;
    await setImmediate();
  }
  return book;
}

/** False where the line is not ours. */
function readLine(book: StatsBook, line: string): boolean {
  const value = parsed(line);
  if (!Array.isArray(value) || value.length !== 2) return false;
  const [subject, slots] = value as readonly unknown[];
  if (typeof subject !== 'string' || !Array.isArray(slots) || !slots.every(isPackedSlot)) return false;
  book.addSlots(subject, slots.map(unpackedSlot));
  return true;
}

type PackedSlot = [number, number, number, number, number, number, ...number[]];

function packedSlot({ startMs, spanMs, calls, errors, bytesIn, bytesOut, durations }: Slot): PackedSlot {
  return [startMs, spanMs, calls, errors, bytesIn, bytesOut, ...durations];
}

function unpackedSlot([startMs, spanMs, calls, errors, bytesIn, bytesOut, ...durations]: PackedSlot): Slot {
  return { startMs, spanMs, calls, errors, bytesIn, bytesOut, durations };
}

function isPackedSlot(value: unknown): value is PackedSlot {
  if (!Array.isArray(value) || value.length < 6 || value.length % 2 !== 0) return false;
  const isCount = (part: unknown): boolean => typeof part === 'number' && Number.isSafeInteger(part) && part >= 0;
  const classes = value.slice(6).filter((_, index) => index % 2 === 0) as readonly number[];
  return value.every(isCount) && classes.every((each) => each < DURATION_CLASSES);
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function* portions<T>(items: readonly T[]): Generator<readonly T[]> {
  for (let at = 0; at < items.length; at += SUBJECTS_AT_ONCE) yield items.slice(at, at + SUBJECTS_AT_ONCE);
}
